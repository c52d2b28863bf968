package story

import (
	"encoding/json"
	"time"
)

// Step is one step of the story as it is told: what happens and why, and what was really seen.
type Step struct {
	Number   int           `json:"step"`
	Title    string        `json:"title"`
	Why      string        `json:"why"`
	Elapsed  time.Duration `json:"-"`
	Exhibits []Exhibit     `json:"exhibits,omitempty"`
}

// Exhibit is something to look at: a message of the bus, a file, a listing. At most one of Payload and Text is set.
type Exhibit struct {
	Label   string          `json:"label"`
	Subject string          `json:"subject,omitempty"` // of a message
	Payload json.RawMessage `json:"payload,omitempty"` // of a message, secrets masked
	Text    string          `json:"text,omitempty"`
	At      time.Duration   `json:"-"` // of a message, since the story began; 0 when it is yet to be sent
}

// MarshalJSON adds the timing in milliseconds.
func (s Step) MarshalJSON() ([]byte, error) {
	type plain Step
	return json.Marshal(struct {
		plain
		ElapsedMS float64 `json:"elapsed_ms"`
	}{plain(s), milliseconds(s.Elapsed)})
}

// MarshalJSON adds the moment in milliseconds.
func (e Exhibit) MarshalJSON() ([]byte, error) {
	type plain Exhibit
	out := struct {
		plain
		AtMS *float64 `json:"at_ms,omitempty"`
	}{plain: plain(e)}
	if e.At > 0 {
		at := milliseconds(e.At)
		out.AtMS = &at
	}
	return json.Marshal(out)
}

func milliseconds(d time.Duration) float64 {
	return float64(d.Round(10*time.Microsecond).Microseconds()) / 1000
}
