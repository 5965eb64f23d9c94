// Package agree has only tests: that both stores, and a plain one in memory, answer every filter and order
// alike on the same conversions. Nothing imports it.
package agree
