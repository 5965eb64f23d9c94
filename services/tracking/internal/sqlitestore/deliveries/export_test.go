package deliveries

// Queries of the package, for the tests of their plans.
var (
	ListQuery      = deliveryQuery
	SelectDue      = selectDue
	FinishDelivery = finishDelivery
)

const (
	SelectBefore = selectBefore
	SetNextDue   = setNextDue
)
