// Package robots tells robots from shoppers by their User-Agent: crawlers, previews of messengers, image
// proxies, monitors, HTTP libraries. It is pure.
//
// The patterns are in isbot.json, from the npm package isbot, which its community maintains (`make robots`
// updates it), and a few of our own are in ours.txt. Any package of the tracking service may import this
// package; it imports none of ours.
package robots

import (
	"bufio"
	_ "embed" // for the patterns
	"encoding/json"
	"fmt"
	"strings"
)

//go:embed isbot.json
var isbotJSON []byte

//go:embed ours.txt
var ours string

// phone is a brand of phones with "bot" in its name.
const phone = "cubot"

// List holds the compiled patterns. It is safe for concurrent use.
type List struct {
	// words match anywhere in an agent, beginnings only at its beginning.
	words, beginnings []string
	patterns          []pattern
}

// Load returns the embedded list.
func Load() (*List, error) {
	var isbot struct {
		Patterns []string `json:"patterns"`
	}
	if err := json.Unmarshal(isbotJSON, &isbot); err != nil {
		return nil, fmt.Errorf("isbot.json: %w", err)
	}
	list := &List{}
	lines := bufio.NewScanner(strings.NewReader(ours))
	for lines.Scan() {
		if line := lines.Text(); !strings.HasPrefix(line, "#") {
			isbot.Patterns = append(isbot.Patterns, line)
		}
	}
	for _, text := range isbot.Patterns {
		if err := list.add(text); err != nil {
			return nil, fmt.Errorf("the pattern %q: %w", text, err)
		}
	}
	return list, nil
}

// Made reports whether a User-Agent is a robot's. An empty one is, since browsers always send one.
func (l *List) Made(agent string) bool {
	if agent == "" {
		return true
	}
	agent = strings.ToLower(agent)
	if strings.Contains(agent, phone) {
		agent = strings.ReplaceAll(agent, phone, "phone")
	}
	for _, beginning := range l.beginnings {
		if strings.HasPrefix(agent, beginning) {
			return true
		}
	}
	for _, word := range l.words {
		if strings.Contains(agent, word) {
			return true
		}
	}
	for i := range l.patterns {
		if l.patterns[i].in(agent) {
			return true
		}
	}
	return false
}
