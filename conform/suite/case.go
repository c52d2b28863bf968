// Package suite runs named cases against something and says how each came out.
//
// In go a list of checks, each a name, where its rule is written, and a function that tries it; out come results in the
// order of the list, as TAP, JSON or lines for people. It knows nothing of what is tested.
//
// In 2012 there was no such thing: each component had specs of its own, in Ruby, that reached into its objects.
package suite

import (
	"context"
	"time"
)

// Level says how much a case matters.
type Level string

// The levels. A component passes when no core or required case fails.
const (
	Core     Level = "core"     // without it nothing works at all
	Required Level = "required" // part of the contract
	Optional Level = "optional" // good to have, or what only some of the originals did
)

// Case is what is tried, without the means to try it.
type Case struct {
	Name   string `json:"name"`   // "discover/fits": the same for ever
	Source string `json:"source"` // paragraphs of the protocol notes: "running §8.5, §1.2"
	About  string `json:"about"`  // what must hold, a sentence
	Level  Level  `json:"level"`
	Slow   bool   `json:"slow,omitempty"` // takes a minute or more
}

// When says which cases may run at the same time.
type When int

// The phases of a run, in their order.
const (
	Together When = iota // any number at once
	Alone                // one after the other: looks at figures that others would change
	Last                 // one after the other, at the end: may leave what is tested unusable
)

// Check is a case and how it is tried, on a K.
type Check[K any] struct {
	Case
	When When
	// Run returns nil when all is as it must be, a *Mismatch, *Skip or *Known, or any other error, which also is a failure.
	Run func(context.Context, K) error
}

// Cases are what the checks are about.
func Cases[K any](checks []Check[K]) []Case {
	all := make([]Case, len(checks))
	for i, c := range checks {
		all[i] = c.Case
	}
	return all
}

// limit is how long a check may take. Whatever waits in it gives up earlier.
func (c Case) limit() time.Duration {
	if c.Slow {
		return 4 * time.Minute
	}
	return time.Minute
}
