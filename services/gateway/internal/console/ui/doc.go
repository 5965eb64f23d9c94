// Package ui is the kit that all pages of the console are made of: pages, lists, tables, forms, pickers, errors. The
// console's doc.go says how to use it.
//
// Only the console imports it.
package ui
