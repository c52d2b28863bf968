package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Object is a JSON object as it stands on the bus. Numbers are json.Number, so that nothing is rounded and 1 is not 1.0. All methods
// may be called on a nil Object, which has no keys.
type Object map[string]any

// Parse reads a JSON object and nothing behind it.
func Parse(payload []byte) (Object, error) {
	d := json.NewDecoder(bytes.NewReader(payload))
	d.UseNumber()
	var o Object
	if err := d.Decode(&o); err != nil {
		return nil, err
	}
	if o == nil {
		return nil, errors.New("null is no object")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the object")
	}
	return o, nil
}

// Text returns a string; "" when the key holds none.
func (o Object) Text(key string) string {
	s, _ := o[key].(string)
	return s
}

// Int returns an integer; false when the key holds none.
func (o Object) Int(key string) (int64, bool) {
	n, ok := o[key].(json.Number)
	if !ok {
		return 0, false
	}
	i, err := n.Int64()
	return i, err == nil
}

// Number returns a number; false when the key holds none.
func (o Object) Number(key string) (float64, bool) {
	n, ok := o[key].(json.Number)
	if !ok {
		return 0, false
	}
	f, err := n.Float64()
	return f, err == nil
}

// Object returns an object; nil when the key holds none.
func (o Object) Object(key string) Object {
	switch v := o[key].(type) {
	case map[string]any:
		return v
	case Object:
		return v
	}
	return nil
}

// Texts returns the strings of a list; false when the key holds no list, or one of anything else.
func (o Object) Texts(key string) ([]string, bool) {
	list, ok := o[key].([]any)
	if !ok {
		return nil, false
	}
	texts := make([]string, len(list))
	for i, v := range list {
		if texts[i], ok = v.(string); !ok {
			return nil, false
		}
	}
	return texts, true
}

// Objects returns the objects of a list; false when the key holds no list, or one of anything else.
func (o Object) Objects(key string) ([]Object, bool) {
	if all, ok := o[key].([]Object); ok {
		return all, true
	}
	list, ok := o[key].([]any)
	if !ok {
		return nil, false
	}
	objects := make([]Object, len(list))
	for i, v := range list {
		m, ok := v.(map[string]any)
		if !ok {
			return nil, false
		}
		objects[i] = m
	}
	return objects, true
}

// With returns a copy that has other values for some keys.
func (o Object) With(changes Object) Object {
	c := Object{}
	for k, v := range o {
		c[k] = v
	}
	for k, v := range changes {
		c[k] = v
	}
	return c
}

// Without returns a copy that lacks some keys.
func (o Object) Without(keys ...string) Object {
	c := o.With(nil)
	for _, k := range keys {
		delete(c, k)
	}
	return c
}

// String is the object as JSON, keys sorted.
func (o Object) String() string { return Show(o) }

// Show is any value as JSON on a line, cut when it is very long.
func Show(v any) string {
	const most = 2000
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Sprintf("%v", v)
	}
	text := bytes.TrimSpace(b.Bytes())
	if len(text) > most {
		return string(text[:most]) + "…"
	}
	return string(text)
}
