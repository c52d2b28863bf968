package conform

import (
	"encoding/json"
	"io"

	"github.com/minicf/minicf/conform/suite"
)

// JSON writes a line for what is tested, one for each case, and one for what it comes to.
type JSON struct{ e *json.Encoder }

// NewJSON returns a Progress that writes to w.
func NewJSON(w io.Writer) *JSON {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return &JSON{e}
}

// Begin writes {"target": …}.
func (j *JSON) Begin(what Target) { j.write("target", what) }

// Result writes {"case": …}.
func (j *JSON) Result(r suite.Result) {
	j.write("case", struct {
		suite.Result
		Seconds float64 `json:"seconds"`
	}{r, r.Took.Seconds()})
}

// End writes {"summary": …}.
func (j *JSON) End(r Report) {
	j.write("summary", struct {
		suite.Summary
		Passed  bool    `json:"passed"`
		Seconds float64 `json:"seconds"`
	}{suite.Summarize(r.Results), r.Passed(), r.Took.Seconds()})
}

// write writes a line. That nobody reads it any more is not ours to say.
func (j *JSON) write(what string, v any) { _ = j.e.Encode(map[string]any{what: v}) }
