package mongotest

// Exceptions returns the promises of a service's store, `coupon` or `tracking`, that the server which
// the tests run on cannot keep: by the name that the promise has in the service's suite, each with
// the reason. A real server keeps all; these are the embedded engine's. A suite logs each that it
// meets, name and reason, fails on a name that is no promise of its own, and never passes over one
// in silence.
func Exceptions(service string) map[string]string {
	if !Engine() {
		return nil
	}
	return map[string]map[string]string{
		"coupon": {
			"a create is all or nothing when a write fails":         "FerretDB 1 has no transactions: what was written before the failure stays",
			"a create of many is all or nothing when a write fails": "FerretDB 1 has no transactions: what was written before the failure stays",
		},
		"tracking": {
			"what is old expires":                        "FerretDB 1 has no TTL indexes: the indexes are made without an expiry",
			"indexes leave out what is done":             "FerretDB 1 has no partial indexes: they are made over all documents",
			"a batch is one unordered insert":            "FerretDB 1 undoes a whole unordered insert for one duplicate: batches are inserted one by one",
			"a use and what takes it are all or nothing": "FerretDB 1 has no transactions: what was written before a failure stays",
		},
	}[service]
}
