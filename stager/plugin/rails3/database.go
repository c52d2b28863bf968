package rails3

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/goccy/go-yaml"

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
	var sections yaml.MapSlice
	if err := yaml.UnmarshalWithOptions(text, &sections, yaml.UseOrderedMap()); err != nil {
		return &plugin.StagingError{Message: fmt.Sprintf("read %s: %v", databaseFile, err)}
	}
	production := yaml.MapItem{Key: "production", Value: section(bound)}
	i := slices.IndexFunc(sections, func(item yaml.MapItem) bool { return item.Key == "production" })
	if i >= 0 {
		sections[i] = production
	} else {
		sections = append(sections, production)
	}
	out, err := yaml.MarshalWithOptions(sections, yaml.UseSingleQuote(true))
	if err != nil {
		return err
	}
	return w.Write("app/"+databaseFile, append([]byte("---\n"), out...), 0o644)
}

func section(bound *database.Binding) yaml.MapSlice {
	adapter := "postgresql"
	if bound.IsMySQL() {
		adapter = "mysql2"
	}
	var port any = bound.Credential("port")
	if n, err := strconv.Atoi(bound.Credential("port")); err == nil {
		port = n
	}
	return yaml.MapSlice{
		{Key: "adapter", Value: adapter},
		{Key: "encoding", Value: "utf8"},
		{Key: "pool", Value: 5},
		{Key: "reconnect", Value: false},
		{Key: "host", Value: bound.Credential("hostname")},
		{Key: "port", Value: port},
		{Key: "username", Value: bound.Credential("user")},
		{Key: "password", Value: bound.Credential("password")},
		{Key: "database", Value: bound.Credential("name")},
	}
}
