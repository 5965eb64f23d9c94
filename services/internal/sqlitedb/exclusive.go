package sqlitedb

// exclusiveVFS is the SQLite VFS that locks a database against other processes. So it needs no mapped file to share the
// log's index with them.
const exclusiveVFS = "unix-excl"

// Exclusive keeps, if on is set, the log's index in memory, and all other programs from reading the database. Otherwise the
// index is in a mapped file, and a frozen file system stops the whole process: a thread that writes to a page of that
// file waits in the kernel, and Go waits for the thread.
func Exclusive(on bool) Option {
	return func(o *options) { o.exclusive = on }
}
