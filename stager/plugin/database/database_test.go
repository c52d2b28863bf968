package database

import (
	"testing"

	"github.com/minicf/minicf/stager/plugin"
)

func service(label, name string, credentials map[string]any) map[string]any {
	return map[string]any{"label": label, "name": name, "credentials": credentials}
}

func credentials(host string) map[string]any {
	return map[string]any{"hostname": host, "port": float64(3306), "user": "u", "password": "p@:/", "name": "d"}
}

func TestPrimaryIsTheOneDatabaseOrTheOneForProduction(t *testing.T) {
	t.Parallel()
	redis := service("redis-2.2", "cache-production", credentials("redis"))
	my, pg := service("mysql-5.1", "a", credentials("my")), service("postgresql-9.0", "b", credentials("pg"))
	prod := service("postgresql-9.0", "shop-prod", credentials("prod"))
	for name, tt := range map[string]struct {
		services []map[string]any
		want     string // its URL
		err      string
	}{
		"none":                    {nil, "", ""},
		"none that is relational": {[]map[string]any{redis, {}}, "", ""},
		"one":                     {[]map[string]any{redis, my}, "mysql2://u:p%40%3A%2F@my:3306/d", ""},
		"one for production":      {[]map[string]any{my, prod, pg}, "postgres://u:p%40%3A%2F@prod:3306/d", ""},
		"several": {
			[]map[string]any{my, pg}, "",
			"Unable to determine primary database from multiple.  Please bind only one database service to Rails applications.",
		},
		"no credentials": {[]map[string]any{service("mysql-5.1", "a", nil)}, "", "Database binding failed to include credentials"},
	} {
		b, err := Primary(tt.services, plugin.T1)
		got := ""
		if b != nil {
			got = b.URL()
		}
		if got != tt.want || err == nil && tt.err != "" || err != nil && err.Error() != tt.err {
			t.Errorf("%s: %q, %v, want %q, %q", name, got, err, tt.want, tt.err)
		}
	}
	_, err := Primary([]map[string]any{my, pg}, plugin.T2)
	if want := "Unable to determine primary database from multiple. Please bind only one database service to Rails applications."; err == nil || err.Error() != want {
		t.Errorf("in T2: %v, want %s", err, want)
	}
}
