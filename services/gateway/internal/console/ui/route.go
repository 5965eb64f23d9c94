package ui

import (
	"net/http"
	"slices"
)

// handler answers a request. An error becomes a page, or a message beside what is there: see fail.
type handler func(w http.ResponseWriter, r *http.Request, p *Page) error

// Route is one row of the route table.
type Route struct {
	Method string
	// Path is below Root, as http.ServeMux has it: `offers/{offer}/settings`. Empty is the console's
	// first page.
	Path   string
	Handle handler
	// Needs is what the session must be allowed; empty is looking.
	Needs action
	// IsPublic says that no session is needed.
	IsPublic bool
	// TakesFiles says that the handler reads the body itself, with its own bound.
	TakesFiles bool
	// IsOwn says that the handler changes only the console's own state, which is not reviewed.
	IsOwn bool
}

func (t Route) Pattern() string {
	if t.Path == "" {
		return Root + "{$}"
	}
	return Root + t.Path
}

// Get and post are the rows of most tables.
func Get(path string, h handler) Route { return Route{Method: http.MethodGet, Path: path, Handle: h} }

// Post is for what changes something. Console.sameOrigin has refused requests of other sites before.
func Post(path string, h handler) Route {
	return Route{Method: http.MethodPost, Path: path, Handle: h, Needs: Change}
}

// action is what a page may ask for.
type action string

// The actions. There is one role by now, which may do both.
const (
	look   action = ""
	Change action = "change"
)

// IsUnsafe reports whether a request of this method may change something.
func IsUnsafe(method string) bool {
	return !slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodOptions}, method)
}
