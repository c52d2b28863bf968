package stager

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/minicf/minicf/protocol"
)

// parseRequest reads a request. Its error names the key that is wrong, also where the schema of 2012 was content and only
// our types are not: `{ properties.runtime_info.name => want a string, given a number }`.
func parseRequest(payload []byte) (protocol.StagingRequest, error) {
	r, err := protocol.ParseStagingRequest(payload)
	if _, named := errors.AsType[*protocol.SchemaError](err); err == nil || named || !json.Valid(payload) {
		return r, err
	}
	if path := wrongKey(nil, payload); len(path) > 0 {
		err = fmt.Errorf("{ %s => %w }", strings.Join(path, "."), plain(err))
	}
	return r, err
}

// wrongKey is the path to the innermost value below value that, taken for itself, is no part of a request.
func wrongKey(path []string, value json.RawMessage) []string {
	var object map[string]json.RawMessage
	if json.Unmarshal(value, &object) != nil {
		return path
	}
	for _, key := range slices.Sorted(maps.Keys(object)) {
		inner := append(slices.Clone(path), key)
		if !fits(inner, object[key]) {
			return wrongKey(inner, object[key])
		}
	}
	return path
}

// fits reports whether a request may have this value at this path.
func fits(path []string, value json.RawMessage) bool {
	for _, key := range slices.Backward(path) {
		value, _ = json.Marshal(map[string]json.RawMessage{key: value}) // it was JSON before
	}
	var r protocol.StagingRequest
	return json.Unmarshal(value, &r) == nil
}

// plain says what encoding/json says without the names of Go types.
func plain(err error) error {
	wrong, ok := errors.AsType[*json.UnmarshalTypeError](err)
	if !ok {
		return err
	}
	want, ok := map[reflect.Kind]string{
		reflect.String: "a string", reflect.Slice: "a list", reflect.Map: "an object", reflect.Struct: "an object",
	}[wrong.Type.Kind()]
	if !ok {
		want = "another type"
	}
	return fmt.Errorf("want %s, given: %s", want, wrong.Value)
}
