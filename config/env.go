package config

import (
	"encoding"
	"fmt"
	"reflect"
	"strings"
)

// environment sets the keys that have a MINICF_<COMPONENT>_… variable.
func (l *loader) environment(o Options) error {
	for _, key := range l.keys() {
		name := variable(l.component, key)
		value := o.env(name)
		if value == "" {
			continue
		}
		if err := l.set(key, value, "env "+name); err != nil {
			return err
		}
	}
	return nil
}

// variable is the name of the variable that sets a component's key.
func variable(component, key string) string {
	return "MINICF_" + envName(component) + "_" + envName(key)
}

// envName turns a component's or a key's name into the part of a variable's name.
func envName(key string) string {
	return strings.Map(func(r rune) rune {
		if r == '.' || r == '-' {
			return '_'
		}
		return r
	}, strings.ToUpper(key))
}

// set sets one key to a text from the environment or a flag. Text is taken as it is, without YAML's quotes; lists may
// be written `a,b`, other values as in a file.
func (l *loader) set(key, text, source string) error {
	var target reflect.Value
	walk("", l.root, func(k string, v reflect.Value) {
		if k == key {
			target = v
		}
	})
	if !target.IsValid() {
		return &Error{Source: source, Msg: fmt.Sprintf("%s has no key %q", l.component, key)}
	}
	doc := &document{source: source, data: []byte(text)}
	if err := l.setText(doc, key, text, target); err != nil {
		return err
	}
	l.from[key] = origin{doc: doc}
	return nil
}

func (l *loader) setText(doc *document, key, text string, into reflect.Value) error {
	if into.Kind() == reflect.Pointer {
		fresh := reflect.New(into.Type().Elem())
		if err := l.setText(doc, key, text, fresh.Elem()); err != nil {
			return err
		}
		into.Set(fresh)
		return nil
	}
	target, readsText := reflect.TypeAssert[encoding.TextUnmarshaler](into.Addr())
	isYAML := strings.HasPrefix(text, "[") || strings.HasPrefix(text, "{")
	switch {
	case into.Kind() == reflect.String && !readsText:
		into.SetString(text)
		return nil
	case readsText && !isYAML:
		if err := target.UnmarshalText([]byte(text)); err != nil {
			return &Error{Source: doc.source, Msg: err.Error()}
		}
		return nil
	case isList(into.Type()) && !isYAML:
		return l.setList(doc, key, text, into)
	}
	root, err := doc.root()
	if err != nil {
		return err
	}
	if root == nil {
		return &Error{Source: doc.source, Msg: fmt.Sprintf("%q is no value", text)}
	}
	return l.decoder(doc).value(key, root, into)
}

// setList sets a list from `a,b`.
func (l *loader) setList(doc *document, key, text string, into reflect.Value) error {
	parts := strings.Split(text, ",")
	items := reflect.MakeSlice(into.Type(), len(parts), len(parts))
	for i, part := range parts {
		item := &document{source: doc.source, data: []byte(strings.TrimSpace(part))}
		if err := l.setText(item, key, string(item.data), items.Index(i)); err != nil {
			return err
		}
	}
	into.Set(items)
	return nil
}
