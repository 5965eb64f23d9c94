// Package consoletest is for tests of the console: a browser before a console, and services that answer as a test says.
//
// Only tests import it.
package consoletest
