package suite

import (
	"errors"
	"time"
)

// Outcome is how a case came out.
type Outcome string

// The outcomes.
const (
	OK      Outcome = "ok"
	NotOK   Outcome = "not ok"
	Skipped Outcome = "skipped"
	// KnownOld says that what is tested does what the originals of 2012 did, and that they were wrong.
	KnownOld Outcome = "known 2012 behaviour"
)

// Result is a case and its outcome.
type Result struct {
	Case
	Outcome  Outcome       `json:"outcome"`
	Why      string        `json:"why,omitempty"`      // of everything but ok
	Expected string        `json:"expected,omitempty"` // of a mismatch; may have lines
	Seen     string        `json:"seen,omitempty"`     // likewise
	Took     time.Duration `json:"-"`
}

// Failed reports whether the result is one for which a component does not pass.
func (r Result) Failed() bool { return r.Outcome == NotOK && r.Level != Optional }

// Mismatch is the failure of a case: what should have been, and what was.
type Mismatch struct {
	Why            string // in a line
	Expected, Seen string
}

func (m *Mismatch) Error() string { return m.Why }

// Skip says that a case could not be tried.
type Skip struct{ Why string }

func (s *Skip) Error() string { return s.Why }

// Known says that the old, wrong behaviour was seen.
type Known struct{ What string }

func (k *Known) Error() string { return k.What }

// resultOf judges what a check returned.
func resultOf(c Case, err error, took time.Duration) Result {
	r := Result{Case: c, Outcome: OK, Took: took}
	if err == nil {
		return r
	}
	r.Outcome, r.Why = NotOK, err.Error()
	if m, ok := errors.AsType[*Mismatch](err); ok {
		r.Expected, r.Seen = m.Expected, m.Seen
	}
	if _, ok := errors.AsType[*Skip](err); ok {
		r.Outcome = Skipped
	}
	if _, ok := errors.AsType[*Known](err); ok {
		r.Outcome = KnownOld
	}
	return r
}

// Summary counts results.
type Summary struct {
	Cases   int `json:"cases"`
	OK      int `json:"ok"`
	NotOK   int `json:"not_ok"` // optional ones included
	Failed  int `json:"failed"` // of those, the core and the required ones
	Known   int `json:"known"`  // 2012 behaviour
	Skipped int `json:"skipped"`
}

// Summarize counts.
func Summarize(results []Result) Summary {
	s := Summary{Cases: len(results)}
	for _, r := range results {
		switch r.Outcome {
		case OK:
			s.OK++
		case NotOK:
			s.NotOK++
		case KnownOld:
			s.Known++
		case Skipped:
			s.Skipped++
		}
		if r.Failed() {
			s.Failed++
		}
	}
	return s
}
