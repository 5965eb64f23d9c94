package listing

// MetadataCharacter is the metadata key of a filter's error that has the place of the fault: the number of a character,
// from 1. It is missing if the fault is not at one place.
const MetadataCharacter = "character"

// Has is the comparator `:`. Depending on the field, it means Contains or Equal. With a lone *, it means that the field
// has a value.
const Has Op = ":"

// Clause is a condition as a filter writes it.
type Clause struct {
	Field string
	// Op is one of Equal, NotEqual, Less, LessEqual, Greater, GreaterEqual and Has.
	Op Op
	// Value has no quotes and, if Prefix is set, no * at the end: "" for a lone *.
	Value  string
	Prefix bool
}

func (Clause) expr() {}

// Outline is what a filter is made of, without a Schema to say whether its fields and values exist.
type Outline struct {
	// Clauses are all conditions, in order.
	Clauses []Clause
	// IsFlat means that the filter is its clauses, joined by AND, or by OR if IsAny is set: without NOT, and without
	// AND beside OR.
	IsFlat, IsAny bool
}

// OutlineOf reads a filter. Its errors are about the filter's form, the same as those of a Schema.
func OutlineOf(filter string) (Outline, error) {
	condition, err := (&filterParser{text: filter}).parse()
	if err != nil {
		return Outline{}, err
	}
	outline := Outline{IsFlat: true}
	parts := []Expr{condition}
	switch e := condition.(type) {
	case nil:
		return outline, nil
	case And:
		parts = e
	case Or:
		parts, outline.IsAny = e, true
	}
	for _, part := range parts {
		outline.add(part)
	}
	return outline, nil
}

// add adds a part of the filter that should be a clause.
func (o *Outline) add(part Expr) {
	clause, isClause := part.(Clause)
	if isClause {
		o.Clauses = append(o.Clauses, clause)
		return
	}
	o.IsFlat = false
	var parts []Expr
	switch e := part.(type) {
	case And:
		parts = e
	case Or:
		parts = e
	case Not:
		parts = []Expr{e.Expr}
	}
	for _, part := range parts {
		o.add(part)
	}
}
