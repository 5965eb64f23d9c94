// Package access says who may use the console: it checks the admin key at login, bounds the attempts,
// and makes and reads the signed cookies that identify a browser.
//
// Only the console imports it.
package access
