package config

import (
	"encoding"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml"
)

// nameOf returns the key of a struct's field, empty when it has none.
func nameOf(f reflect.StructField) string {
	tag, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	switch {
	case !f.IsExported() || tag == "-":
		return ""
	case tag == "":
		return strings.ToLower(f.Name)
	}
	return tag
}

// namesOf returns the keys of a struct in their order.
func namesOf(t reflect.Type) []string {
	var names []string
	for f := range t.Fields() {
		if name := nameOf(f); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// fieldOf returns the field of a struct that has the key.
func fieldOf(record reflect.Value, name string) (reflect.Value, bool) {
	for f, v := range record.Fields() {
		if n := nameOf(f); n == name && n != "" {
			return v, true
		}
	}
	return reflect.Value{}, false
}

// walk calls visit with every key of a struct and its value, records inside it included but not themselves.
func walk(key string, record reflect.Value, visit func(key string, v reflect.Value)) {
	for f, v := range record.Fields() {
		name := nameOf(f)
		switch {
		case name == "":
		case isRecord(v.Type()):
			walk(join(key, name), v, visit)
		default:
			visit(join(key, name), v)
		}
	}
}

// isRecord reports whether a type is read key by key: a struct that does not read itself.
func isRecord(t reflect.Type) bool { return t.Kind() == reflect.Struct && !readsItself(t) }

// isList reports whether a type is read item by item.
func isList(t reflect.Type) bool { return t.Kind() == reflect.Slice && !readsItself(t) }

func readsItself(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) || p.Implements(reflect.TypeFor[yaml.NodeUnmarshaler]())
}
