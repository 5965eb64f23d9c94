package mongotest

// Exceptions returns the promises of a service's store, `coupon` or `tracking`, that the test server cannot keep. The
// keys are the promises' names in the service's suite; the values are the reasons. A real server keeps all promises, so
// the exceptions are the embedded engine's. A suite logs each exception that it skips, and fails on a name that is not
// one of its promises.
func Exceptions(service string) map[string]string {
	if !Engine() {
		return nil
	}
	return map[string]map[string]string{
		"coupon": {
			"a create is all or nothing when a write fails":         "FerretDB 1 has no transactions: what was written before the failure stays",
			"a create of many is all or nothing when a write fails": "FerretDB 1 has no transactions: what was written before the failure stays",
			"a call that fails leaves nothing of what it wrote":     "FerretDB 1 has no transactions: what was written before the failure stays",
		},
		"tracking": {
			"what is old expires":                        "FerretDB 1 has no TTL indexes: the indexes are made without an expiry",
			"indexes leave out what is done":             "FerretDB 1 has no partial indexes: they are made over all documents",
			"a batch is one unordered insert":            "FerretDB 1 undoes a whole unordered insert for one duplicate: batches are inserted one by one",
			"a use and what takes it are all or nothing": "FerretDB 1 has no transactions: what was written before a failure stays",
			"two instances never sell a use twice":       "FerretDB 1 has no transactions: of two at once, both can count the uses before the other's",
		},
	}[service]
}
