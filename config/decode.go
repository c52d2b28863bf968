package config

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// decoder puts what a document says into a struct and tells where it stands.
type decoder struct {
	doc   *document
	found func(key string, p place) // hears of every key that the document sets
	all   []string                  // the keys of the whole struct, for suggestions
}

// record decodes a map into a struct. What the map leaves out stays as it is; a record with nothing in it says nothing.
func (d *decoder) record(key string, node ast.Node, into reflect.Value) error {
	if node.Type() == ast.NullType {
		return nil
	}
	entries, ok := node.(ast.MapNode)
	if !ok {
		return d.at(mismatch(node, "a record ("+strings.Join(namesOf(into.Type()), ", ")+")"), node)
	}
	seen := map[string]bool{}
	for it := entries.MapRange(); it.Next(); {
		name, ok := scalarText(it.Key())
		if !ok {
			return d.doc.errorAt(it.Key(), "want the name of a key, not "+describe(it.Key()), "")
		}
		field, ok := fieldOf(into, name)
		switch {
		case !ok:
			return d.unknown(key, it.Key(), name, into.Type())
		case seen[name]:
			return d.doc.errorAt(it.Key(), fmt.Sprintf("the key %q is there twice", name), "")
		}
		seen[name] = true
		if err := d.value(join(key, name), it.Value(), field); err != nil {
			return err
		}
	}
	return nil
}

// value decodes one value of a record.
func (d *decoder) value(key string, node ast.Node, into reflect.Value) error {
	d.found(key, placeOf(node))
	switch {
	case isRecord(into.Type()):
		return d.record(key, node, into)
	case into.Kind() == reflect.Pointer && node.Type() == ast.NullType:
		into.SetZero()
		return nil
	case into.Kind() == reflect.Pointer:
		fresh := reflect.New(into.Type().Elem())
		into.Set(fresh)
		return d.value(key, node, fresh.Elem())
	case isList(into.Type()):
		return d.list(key, node, into)
	}
	return d.at(leaf(node, into), node, key)
}

// list decodes a list; it replaces what was there.
func (d *decoder) list(key string, node ast.Node, into reflect.Value) error {
	seq, ok := node.(*ast.SequenceNode)
	if !ok {
		return d.at(mismatch(node, "a list"), node, key)
	}
	items := reflect.MakeSlice(into.Type(), len(seq.Values), len(seq.Values))
	for i, item := range seq.Values {
		if err := d.value(fmt.Sprintf("%s[%d]", key, i), item, items.Index(i)); err != nil {
			return err
		}
	}
	into.Set(items)
	return nil
}

// at gives an error its place: that of the node it names, else that of the value.
func (d *decoder) at(err error, node ast.Node, key ...string) error {
	if err == nil {
		return nil
	}
	if n, ok := errors.AsType[*nodeError](err); ok {
		node = n.node
	}
	msg := err.Error()
	if len(key) > 0 && d.doc.isFile {
		msg = key[0] + ": " + msg
	}
	return d.doc.errorAt(node, msg, "")
}

// unknown says that a record has no such key, which it has, and which was probably meant.
func (d *decoder) unknown(record string, node ast.Node, name string, t reflect.Type) error {
	allowed := namesOf(t)
	msg := fmt.Sprintf("unknown key %q", short(name))
	if meant := suggest(name, allowed, d.all); meant != "" {
		msg += fmt.Sprintf(": did you mean %q?", meant)
	}
	where := "allowed here: "
	if record != "" {
		where = "allowed in " + record + ": "
	}
	return d.doc.errorAt(node, msg, where+strings.Join(allowed, ", "))
}

func join(record, name string) string {
	if record == "" {
		return name
	}
	return record + "." + name
}
