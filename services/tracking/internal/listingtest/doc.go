// Package listingtest has only tests: both stores, and a plain one in memory, must answer every filter and order
// alike on the same conversions.
package listingtest
