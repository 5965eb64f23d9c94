package sqlitedb

// exclusiveVFS is SQLite's way to the file system that locks a database against other processes, and so needs no
// mapped file to share the index of the log with them.
const exclusiveVFS = "unix-excl"

// Exclusive keeps the index of the log in memory, if on, and every other program from reading the database. Else
// the index is in a mapped file, and a file system that is frozen stops the whole process: a thread that writes to
// a page of that file waits in the kernel, and Go waits for the thread.
func Exclusive(on bool) Option {
	return func(o *options) { o.exclusive = on }
}
