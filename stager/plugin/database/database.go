// Package database knows which of an app's bound services is its database, for the frameworks that want to be told: Rails, and
// Rails by buildpack.
//
// In goes the list of bound services of a staging request, out comes one [Binding], or none. In 2012 this was the module
// DatabaseSupport of vcap-staging.
package database

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/minicf/minicf/stager/plugin"
)

// Binding is a bound MySQL or PostgreSQL.
type Binding struct {
	Service     string // the name that the user gave it
	Label       string // "mysql-5.1"
	Credentials map[string]any
}

var (
	relational = regexp.MustCompile(`^(mysql|postgresql)`)
	production = regexp.MustCompile(`^.*production$|^.*prod$`)
)

// Primary is the database of the app; nil when none is bound. Of several it is the one whose name ends in prod or production.
func Primary(services []map[string]any, text plugin.Text) (*Binding, error) {
	var bound []Binding
	for _, s := range services {
		if label := word(s["label"]); relational.MatchString(label) {
			credentials, _ := s["credentials"].(map[string]any)
			bound = append(bound, Binding{Service: word(s["name"]), Label: label, Credentials: credentials})
		}
	}
	if len(bound) == 0 {
		return nil, nil
	}
	primary := &bound[0]
	if len(bound) > 1 {
		if primary = onlyProduction(bound); primary == nil {
			return nil, ambiguous(text)
		}
	}
	if len(primary.Credentials) == 0 {
		return nil, &plugin.StagingError{
			Message: "Database binding failed to include credentials",
			Tip:     fmt.Sprintf("the service %s of the request has no credentials", primary.Service),
		}
	}
	return primary, nil
}

// onlyProduction is the one that is named as such; the first, if there are several, as in 2012.
func onlyProduction(bound []Binding) *Binding {
	for i := range bound {
		if production.MatchString(bound[i].Service) {
			return &bound[i]
		}
	}
	return nil
}

// ambiguous is the error of 2012; in the first era it had two spaces in the middle.
func ambiguous(text plugin.Text) error {
	space := "  "
	if text != plugin.T1 {
		space = " "
	}
	return &plugin.StagingError{
		Message: "Unable to determine primary database from multiple." + space + "Please bind only one database service to Rails applications.",
		Tip:     "or give the one that is meant a name that ends in -production",
	}
}

// IsMySQL tells the two kinds apart.
func (b *Binding) IsMySQL() bool { return strings.HasPrefix(b.Label, "mysql") }

// Credential is a value of the credentials as text; "" when there is none.
func (b *Binding) Credential(key string) string { return word(b.Credentials[key]) }

// URL is the DATABASE_URL of Rails apps by buildpack: mysql2://user:password@host:port/name.
func (b *Binding) URL() string {
	scheme := "postgres"
	if b.IsMySQL() {
		scheme = "mysql2"
	}
	u := url.URL{
		Scheme: scheme, User: url.UserPassword(b.Credential("user"), b.Credential("password")),
		Host: b.Credential("hostname") + ":" + b.Credential("port"), Path: "/" + b.Credential("name"),
	}
	return u.String()
}

// word is a value as text. A port comes as a number.
func word(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case float64:
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprint(v)
}
