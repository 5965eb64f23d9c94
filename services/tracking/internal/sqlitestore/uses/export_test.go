package uses

// Queries of the package, for the tests of their plans.
const (
	CountUses     = countUses
	CountDaysUses = countDaysUses
)
