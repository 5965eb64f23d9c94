package listing

// Rows are the rows of a collection that a caller may know of, and the fields that it is not told. The zero value is no
// rows at all.
type Rows struct {
	where Expr
	all   bool
	// print distinguishes the page tokens of callers who may know of different rows; "" for all rows.
	print    string
	audience Audience
}

// Audience is a set of kinds of callers, one bit each. A field is hidden from some of them.
type Audience uint8

// Everything returns all rows with all fields. It is for callers without limits, and for work outside of calls.
func Everything() Rows { return Rows{all: true} }

// Only returns the rows that satisfy a condition, for a caller of an audience. Page tokens are refused for rows with
// another print.
func Only(where Expr, print string, audience Audience) Rows {
	return Rows{where: where, print: print, audience: audience}
}

// in returns a condition and the one for being among the rows.
func (r Rows) in(e Expr) Expr {
	switch {
	case r.all:
		return e
	case r.where == nil:
		return Or{} // no row
	case e == nil:
		return And{r.where}
	}
	all := And{r.where}
	if more, ok := e.(And); ok { // stores look for indexes among the outermost conditions
		return append(all, more...)
	}
	return append(all, e)
}

// shows reports whether the caller is told a field.
func (r Rows) shows(f *Field) bool { return f.HiddenFrom&r.audience == 0 }
