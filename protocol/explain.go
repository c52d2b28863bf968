package protocol

import (
	"encoding"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Explain says why a payload is no T, in the words of Membrane, instead of encoding/json's, which are about Go:
//
//	{ limits => { mem => Expected instance of Integer, given an instance of String } }
//
// It names the first wrong key in the order of the alphabet. An err that is not about the types in a payload is returned as it is.
func Explain[T any](payload []byte, err error) error {
	read := explainer(func(payload string) error { return json.Unmarshal([]byte(payload), new(T)) })
	_, binary := any(new(T)).(encoding.BinaryUnmarshaler)
	if err == nil || binary || read(string(payload)) == nil {
		return err
	}
	if len(payload) == 0 {
		return fmt.Errorf("the message is empty: %w", err)
	}
	if !json.Valid(payload) {
		return fmt.Errorf("not JSON: %w", err)
	}
	return &SchemaError{Problem: read.explain(place{}, payload)}
}

// explainer reads a payload; it finds what is wrong by trying parts alone.
type explainer func(payload string) error

// place is where a value stands: the payload around it, which has nothing else.
type place struct{ before, after string }

func (p place) with(value string) string { return p.before + value + p.after }

// inKey is the place of a key's value in an object at p.
func (p place) inKey(key string) place {
	name, _ := json.Marshal(key) // a string always can be
	return place{p.before + "{" + string(name) + ":", "}" + p.after}
}

// inList is the place of the only element of a list at p.
func (p place) inList() place { return place{p.before + "[", "]" + p.after} }

// explain says what is wrong with a value that does not fit its place.
func (e explainer) explain(at place, value []byte) string {
	var object map[string]json.RawMessage
	if json.Unmarshal(value, &object) == nil {
		for _, key := range slices.Sorted(maps.Keys(object)) {
			if inner := at.inKey(key); e.wrong(inner, object[key]) {
				problem := strings.TrimPrefix(e.explain(inner, object[key]), key+": ") // some of our types name their key themselves
				return fmt.Sprintf("{ %s => %s }", clip(key), problem)
			}
		}
	}
	var list []json.RawMessage
	if json.Unmarshal(value, &list) == nil {
		for i, element := range list {
			if inner := at.inList(); e.wrong(inner, element) {
				return fmt.Sprintf("At index %d: %s", i, e.explain(inner, element))
			}
		}
	}
	return e.mismatch(at, value)
}

func (e explainer) fits(at place, value string) bool { return e(at.with(value)) == nil }

// wrong says whether a value alone is to blame: some other one, which null stands for, could be in its place.
func (e explainer) wrong(at place, value []byte) bool {
	return !e.fits(at, string(value)) && e.fits(at, "null")
}

// mismatch says what should be at a place. Which class that is shows when one value of each is tried.
func (e explainer) mismatch(at place, value []byte) string {
	err := e(at.with(string(value)))
	var tree any
	d := json.NewDecoder(strings.NewReader(string(value)))
	d.UseNumber()
	if d.Decode(&tree) != nil {
		return err.Error()
	}
	for _, want := range []struct {
		is     schema
		sample string
	}{
		{class("String"), `""`},
		{class("Numeric"), "0.5"},
		{class("Integer"), "0"},
		{class("true or false"), "true"},
		{list{anything{}}, "[]"},
		{class("Hash"), "{}"},
	} {
		problem := want.is.check(tree)
		if problem != "" && e.fits(at, want.sample) {
			return problem
		}
	}
	return err.Error() // of the right class, and wrong all the same
}

// clip keeps somebody's long text out of an error.
func clip(text string) string {
	const most = 100
	if len(text) <= most && strings.IndexFunc(text, func(r rune) bool { return !strconv.IsPrint(r) }) < 0 {
		return text
	}
	return strconv.QuoteToASCII(text[:min(len(text), most)])
}
