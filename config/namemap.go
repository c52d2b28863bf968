package config

import (
	"fmt"
	"iter"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// NameMap is an ordered list of names, each with an optional value. A file may give it as the DEA of 2012 wanted
// its runtimes, a list of names, or as a map from name to value:
//
//	runtimes: [ruby19, node]
//	runtimes: {ruby19: /usr/bin/ruby, node: node}
type NameMap []Named

// Named is one entry of a NameMap; Value is empty when the file gave only the name.
type Named struct{ Name, Value string }

// Lookup returns the value of a name, and whether the name is there.
func (m NameMap) Lookup(name string) (value string, ok bool) {
	for _, n := range m {
		if n.Name == name {
			return n.Value, true
		}
	}
	return "", false
}

// Names returns the names in the file's order.
func (m NameMap) Names() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, n := range m {
			if !yield(n.Name) {
				return
			}
		}
	}
}

// String returns the map as a file has it, on one line.
func (m NameMap) String() string {
	var entries []string
	for _, n := range m {
		if n.Value == "" {
			entries = append(entries, n.Name+":")
			continue
		}
		entries = append(entries, n.Name+": "+n.Value)
	}
	return "{" + strings.Join(entries, ", ") + "}"
}

// MarshalYAML returns the map form, in order.
func (m NameMap) MarshalYAML() (any, error) {
	entries := yaml.MapSlice{}
	for _, n := range m {
		entries = append(entries, yaml.MapItem{Key: n.Name, Value: n.Value})
	}
	return entries, nil
}

// UnmarshalYAML reads a list of names or a map.
func (m *NameMap) UnmarshalYAML(node ast.Node) error {
	*m = nil
	switch node := node.(type) {
	case *ast.SequenceNode:
		for _, item := range node.Values {
			if err := m.add(item, nil); err != nil {
				return err
			}
		}
		return nil
	case ast.MapNode:
		for entries := node.MapRange(); entries.Next(); {
			if err := m.add(entries.Key(), entries.Value()); err != nil {
				return err
			}
		}
		return nil
	}
	return mismatch(node, "a list of names or a map from name to value")
}

// UnmarshalText reads names separated by commas, each with or without a value: `ruby19=/usr/bin/ruby,node`. It is the form for the
// environment and for flags.
func (m *NameMap) UnmarshalText(text []byte) error {
	var entries NameMap
	for part := range strings.SplitSeq(string(text), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		if _, twice := entries.Lookup(name); twice || name == "" {
			return fmt.Errorf("want names separated by commas, each once, such as ruby19=/usr/bin/ruby,node, not %q", text)
		}
		entries = append(entries, Named{name, value})
	}
	*m = entries
	return nil
}

// add appends one entry; value is nil in the list form.
func (m *NameMap) add(nameNode, valueNode ast.Node) error {
	name, ok := scalarText(nameNode)
	if !ok || name == "" {
		return mismatch(nameNode, "a name")
	}
	if _, twice := m.Lookup(name); twice {
		return &nodeError{nameNode, fmt.Sprintf("%q is there twice", name)}
	}
	var value string
	if valueNode != nil && valueNode.Type() != ast.NullType {
		if value, ok = scalarText(valueNode); !ok {
			return mismatch(valueNode, "text, such as the name of a program")
		}
	}
	*m = append(*m, Named{name, value})
	return nil
}
