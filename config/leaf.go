package config

import (
	"encoding"
	"errors"
	"reflect"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// leaf decodes one value that is neither a record nor a list of its own.
func leaf(node ast.Node, into reflect.Value) error {
	switch target := into.Addr().Interface().(type) {
	case yaml.NodeUnmarshaler:
		return target.UnmarshalYAML(node)
	case encoding.TextUnmarshaler:
		return textLeaf(node, target)
	}
	switch into.Kind() {
	case reflect.String:
		text, ok := scalarText(node)
		if !ok {
			return mismatch(node, wantText(node))
		}
		into.SetString(text)
		return nil
	case reflect.Bool:
		return boolLeaf(node, into)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return intLeaf(node, into)
	case reflect.Float32, reflect.Float64:
		return floatLeaf(node, into)
	}
	return freeLeaf(node, into)
}

func wantText(node ast.Node) string {
	switch node.Type() {
	case ast.BoolType:
		return `text (put it in quotes: "` + node.GetToken().Value + `")`
	case ast.NullType:
		return `text ("" for none; leave the line out for the default)`
	}
	return "text"
}

func textLeaf(node ast.Node, into encoding.TextUnmarshaler) error {
	text, ok := scalarText(node)
	if !ok {
		text = node.GetToken().Value
		if node.Type() != ast.BoolType {
			text = ""
		}
	}
	if err := into.UnmarshalText([]byte(text)); err != nil {
		return &nodeError{node, err.Error()}
	}
	return nil
}

// boolLeaf takes the words for true and false that Ruby's YAML took in 2012.
func boolLeaf(node ast.Node, into reflect.Value) error {
	_, isString := node.(*ast.StringNode)
	if isString || node.Type() == ast.BoolType {
		switch strings.ToLower(node.GetToken().Value) {
		case "true", "yes", "on":
			into.SetBool(true)
			return nil
		case "false", "no", "off":
			into.SetBool(false)
			return nil
		}
	}
	return mismatch(node, "true or false")
}

func intLeaf(node ast.Node, into reflect.Value) error {
	if node.Type() != ast.IntegerType {
		return mismatch(node, "a whole number")
	}
	n, err := strconv.ParseInt(node.GetToken().Value, 0, 64)
	if err != nil || into.OverflowInt(n) {
		return mismatch(node, "a whole number that is not so large")
	}
	into.SetInt(n)
	return nil
}

func floatLeaf(node ast.Node, into reflect.Value) error {
	if node.Type() != ast.IntegerType && node.Type() != ast.FloatType {
		return mismatch(node, "a number")
	}
	n, err := strconv.ParseFloat(strings.ReplaceAll(node.GetToken().Value, "_", ""), 64)
	if err != nil || into.OverflowFloat(n) {
		return mismatch(node, "a number that is not so large")
	}
	into.SetFloat(n)
	return nil
}

// freeLeaf leaves what has no shape of its own, such as the manifest of a framework, to the library.
func freeLeaf(node ast.Node, into reflect.Value) error {
	err := yaml.NodeToValue(node, into.Addr().Interface(), yaml.Strict())
	if err == nil {
		return nil
	}
	if dup, ok := errors.AsType[*yaml.DuplicateKeyError](err); ok {
		return &nodeError{node, dup.GetMessage()}
	}
	return mismatch(node, plainWords(into.Type()))
}

// plainWords says what a type is to people who write YAML.
func plainWords(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Map:
		return "a record (key: value)"
	case reflect.Array:
		return "a list"
	}
	return "a value of another kind"
}
