package protocol

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Detection is the ordered list of rules by which a framework is recognised. On the wire it is a list of objects, glob →
// regular expression, true (such a file exists) or false (no such file exists); order matters, so the objects are read
// in the order in which they were written.
type Detection []DetectionRule

// DetectionRule is one glob and what is expected of the files it matches.
type DetectionRule struct {
	Glob    string
	Pattern string // regular expression that a file's content must match; empty when Exists says it all
	Exists  bool   // meaningful when Pattern is empty
}

// MarshalJSON writes one object a rule.
func (d Detection) MarshalJSON() ([]byte, error) {
	rules := make([]map[string]any, 0, len(d))
	for _, r := range d {
		if r.Pattern != "" {
			rules = append(rules, map[string]any{r.Glob: r.Pattern})
		} else {
			rules = append(rules, map[string]any{r.Glob: r.Exists})
		}
	}
	return json.Marshal(rules)
}

// UnmarshalJSON reads a list of objects, each with any number of rules.
func (d *Detection) UnmarshalJSON(b []byte) error {
	*d = nil
	var objects []json.RawMessage
	if err := json.Unmarshal(b, &objects); err != nil {
		return fmt.Errorf("detection: want a list of objects: %w", err)
	}
	for _, o := range objects {
		rules, err := orderedRules(o)
		if err != nil {
			return fmt.Errorf("detection: %w", err)
		}
		*d = append(*d, rules...)
	}
	return nil
}

func orderedRules(object []byte) ([]DetectionRule, error) {
	dec := json.NewDecoder(bytes.NewReader(object))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, fmt.Errorf("want an object of glob and pattern, got %s", object)
	}
	var rules []DetectionRule
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, err
		}
		var value any
		if err := dec.Decode(&value); err != nil {
			return nil, err
		}
		r := DetectionRule{Glob: key.(string)}
		switch v := value.(type) {
		case string:
			r.Pattern = v
		case bool:
			r.Exists = v
		default:
			return nil, fmt.Errorf("%s: want a regular expression, true or false", r.Glob)
		}
		rules = append(rules, r)
	}
	return rules, nil
}
