package redirect

// Visitor is who follows a link that is scanned.
type Visitor struct {
	// Phone says that the visitor uses a phone instead of a desktop browser.
	Phone bool
	// Language is the visitor's Accept-Language header.
	Language string
}
