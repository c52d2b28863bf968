package config

import (
	"fmt"

	"github.com/goccy/go-yaml/ast"
)

// nodeError is what is wrong with one node of a file.
type nodeError struct {
	node ast.Node
	msg  string
}

func (e *nodeError) Error() string { return e.msg }

// mismatch says that a node is not what was wanted, in words of the file and not of Go.
func mismatch(node ast.Node, want string) error {
	return &nodeError{node, fmt.Sprintf("want %s, not %s", want, describe(node))}
}

// describe says what a node is.
func describe(node ast.Node) string {
	switch node := node.(type) {
	case *ast.NullNode:
		return "nothing"
	case *ast.BoolNode:
		return node.GetToken().Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "the number " + node.GetToken().Value
	case *ast.StringNode:
		return fmt.Sprintf("the text %q", short(node.Value))
	case *ast.LiteralNode:
		return "a block of text"
	case *ast.SequenceNode:
		return "a list"
	}
	return "a record (key: value)"
}

// scalarText returns a text as it stands in the file. Numbers are texts too: the `version: 1.9` that somebody forgot to quote
// stays 1.9, and 1.10 stays 1.10.
func scalarText(node ast.Node) (string, bool) {
	switch node := node.(type) {
	case *ast.StringNode:
		return node.Value, true
	case *ast.LiteralNode:
		return node.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return node.GetToken().Value, true
	}
	return "", false
}

// short cuts a text that would fill the screen.
func short(s string) string {
	const most = 60
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	return string(runes[:most]) + "…"
}
