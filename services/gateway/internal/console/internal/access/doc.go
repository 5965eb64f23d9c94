// Package access says who may use the console: it checks the admin key at login, bounds the attempts,
// and makes and reads the signed cookies by which a browser shows who it is.
//
// Only the console imports it.
package access
