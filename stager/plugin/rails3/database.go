package rails3

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/minicf/minicf/stager/plugin"
	"github.com/minicf/minicf/stager/plugin/database"
)

const databaseFile = "config/database.yml"

// writeDatabase makes the app's database the one of its production section. Other sections stay.
func writeDatabase(w *plugin.Workspace) error {
	bound, err := database.Primary(w.App.Services, w.Text)
	if err != nil || bound == nil {
		return err
	}
	text, err := w.ReadApp(databaseFile)
	if err != nil {
		return &plugin.StagingError{Message: err.Error()}
	}
	sections, err := readSections(text)
	if err != nil {
		return &plugin.StagingError{Message: fmt.Sprintf("read %s: %v", databaseFile, err)}
	}
	production := yaml.MapItem{Key: "production", Value: section(bound)}
	i := slices.IndexFunc(sections, func(item yaml.MapItem) bool { return item.Key == "production" })
	if i >= 0 {
		sections[i] = production
	} else {
		sections = append(sections, production)
	}
	return w.Write("app/"+databaseFile, []byte(dump(sections)), 0o644)
}

// readSections reads yes and no, on and off without quotes as Ruby does, for which they are true and false.
func readSections(text []byte) (yaml.MapSlice, error) {
	tokens := lexer.Tokenize(string(text))
	for _, t := range tokens {
		if t.Type != token.StringType || t.Next != nil && t.Next.Type == token.MappingValueType {
			continue
		}
		switch strings.ToLower(t.Value) {
		case "yes", "on":
			t.Type, t.Value, t.Origin = token.BoolType, "true", "true"
		case "no", "off":
			t.Type, t.Value, t.Origin = token.BoolType, "false", "false"
		}
	}
	file, err := parser.Parse(tokens, 0)
	if err != nil || len(file.Docs) == 0 || file.Docs[0].Body == nil {
		return nil, err
	}
	var sections yaml.MapSlice
	err = yaml.NodeToValue(file.Docs[0].Body, &sections, yaml.UseOrderedMap())
	return sections, err
}

func section(bound *database.Binding) yaml.MapSlice {
	adapter := "postgresql"
	if bound.IsMySQL() {
		adapter = "mysql2"
	}
	value := func(credential string) any { // of its type, and nothing when there is none
		v := bound.Credentials[credential]
		if number, ok := v.(float64); ok && number == math.Trunc(number) {
			return int64(number)
		}
		return v
	}
	return yaml.MapSlice{
		{Key: "adapter", Value: adapter},
		{Key: "encoding", Value: "utf8"},
		{Key: "pool", Value: 5},
		{Key: "reconnect", Value: false},
		{Key: "host", Value: value("hostname")},
		{Key: "port", Value: value("port")},
		{Key: "username", Value: value("user")},
		{Key: "password", Value: value("password")},
		{Key: "database", Value: value("name")},
	}
}
