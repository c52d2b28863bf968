package config

import (
	"encoding"
	"fmt"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml"
)

// textOf returns a value as a file has it.
func textOf(v reflect.Value) string {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return ""
		}
		v = v.Elem()
	}
	switch x := v.Interface().(type) {
	case encoding.TextMarshaler:
		if text, err := x.MarshalText(); err == nil {
			return string(text)
		}
	case fmt.Stringer:
		return x.String()
	}
	switch v.Kind() {
	case reflect.Slice:
		items := make([]string, v.Len())
		for i := range items {
			items[i] = textOf(v.Index(i))
		}
		return "[" + strings.Join(items, ", ") + "]"
	case reflect.Map, reflect.Interface, reflect.Struct:
		text, err := yaml.MarshalWithOptions(v.Interface(), yaml.Flow(true))
		if err == nil {
			return strings.TrimSpace(string(text))
		}
	}
	return fmt.Sprint(v.Interface())
}

// Map returns a component's configuration as nested maps, by the keys of its files and without its secrets: what /varz shows as
// "config". Components of 2012 left whole keys out, `mbus` among them; here the address stays and its password goes. It is an
// error when cfg is no struct.
func Map(cfg any) (map[string]any, error) {
	v := reflect.Indirect(reflect.ValueOf(cfg))
	if v.Kind() != reflect.Struct {
		return nil, fmt.Errorf("%T is no configuration", cfg)
	}
	return publicRecord(v), nil
}

func publicRecord(record reflect.Value) map[string]any {
	public := map[string]any{}
	for f, v := range record.Fields() {
		name := nameOf(f)
		switch {
		case name == "" || isSecret(name):
		case isRecord(v.Type()):
			public[name] = publicRecord(v)
		default:
			public[name] = publicValue(v)
		}
	}
	return public
}

func publicValue(v reflect.Value) any {
	if v.Kind() == reflect.Pointer && v.IsNil() {
		return nil
	}
	switch x := v.Interface().(type) {
	case string:
		return maskURLs(x)
	case []string:
		masked := make([]string, len(x))
		for i := range x {
			masked[i] = maskURLs(x[i])
		}
		return masked
	case Duration:
		return x.Std().Seconds() // as the files of 2012 have it
	case Memory:
		if x.percent == 0 {
			return x.mb // likewise
		}
		return x.String()
	case NameMap:
		byName := map[string]string{}
		for _, n := range x {
			byName[n.Name] = n.Value
		}
		return byName
	default:
		return x
	}
}
