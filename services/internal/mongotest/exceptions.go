package mongotest

// Exceptions returns the promises that the server which the tests run on cannot keep, by name, each
// with the reason. A real server keeps all; these are the embedded engine's. A suite says of each
// exception that it meets that it is one, and why, and never passes over it in silence.
func Exceptions() map[string]string {
	if !Engine() {
		return nil
	}
	return map[string]string{
		"a create is all or nothing when a write fails": "FerretDB 1 has no transactions: what was written before the failure stays",
	}
}
