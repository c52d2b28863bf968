package plugin

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// versionsAsWritten turns versions that YAML takes for numbers into text: 1.10 is not 1.1.
type versionsAsWritten struct{}

// Visit implements ast.Visitor.
func (v versionsAsWritten) Visit(node ast.Node) ast.Visitor {
	pair, ok := node.(*ast.MappingValueNode)
	if !ok {
		return v
	}
	key := pair.Key.String()
	if key != "version" && key != "version_output" {
		return v
	}
	switch pair.Value.(type) {
	case *ast.FloatNode, *ast.IntegerNode:
		token := pair.Value.GetToken()
		text := ast.String(token)
		text.Value = token.Value
		pair.Value = text
	}
	return v
}

// orderedJSON writes what YAML has decoded as JSON, with the keys of mappings in the order of the file: detection rules
// are asked in that order.
func orderedJSON(value any) ([]byte, error) {
	var b bytes.Buffer
	if err := writeJSON(&b, value); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func writeJSON(b *bytes.Buffer, value any) error {
	if b.Len() > maxConfig {
		return fmt.Errorf("more than %d bytes with all aliases resolved", maxConfig)
	}
	switch v := value.(type) {
	case yaml.MapSlice:
		return writeSequence(b, "{}", len(v), func(i int) error {
			key, err := json.Marshal(fmt.Sprint(v[i].Key))
			if err != nil {
				return err
			}
			b.Write(key)
			b.WriteByte(':')
			return writeJSON(b, v[i].Value)
		})
	case []any:
		return writeSequence(b, "[]", len(v), func(i int) error { return writeJSON(b, v[i]) })
	}
	text, err := json.Marshal(value)
	b.Write(text)
	return err
}

// writeSequence writes n things between brackets, with commas.
func writeSequence(b *bytes.Buffer, brackets string, n int, write func(i int) error) error {
	b.WriteByte(brackets[0])
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := write(i); err != nil {
			return err
		}
	}
	b.WriteByte(brackets[1])
	return nil
}
