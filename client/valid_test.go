package client_test

import (
	"strings"
	"testing"

	"github.com/minicf/minicf/client"
)

func TestIDsThatCannotBeHostNamesAreRefused(t *testing.T) {
	t.Parallel()
	for id, good := range map[string]bool{
		"my-sinatra-app": true, "42": true, "Shop": true, "shop.eu": true, "web_1": true, strings.Repeat("a", 63): true,
		"": false, "../x": false, "a b.c": false, "a/b": false, "-a": false, "a-": false, "a..b": false, ".": false, "ü": false, "a\n": false,
		strings.Repeat("a", 64): false, strings.Repeat("a.", 130) + "a": false,
	} {
		if err := client.CheckID(id); (err == nil) != good {
			t.Errorf("%q: %v, want it to be good: %v", id, err, good)
		}
	}
}

func TestSettingsWithoutAUsableNameAreRefused(t *testing.T) {
	t.Parallel()
	for setting, good := range map[string]bool{
		"A=b": true, "_a1=": true, "A=b=c": true, "A=x y\nz": true,
		"FOO": false, "1A=b": false, "=b": false, "A B=c": false, "A-B=c": false, "": false,
	} {
		if err := client.CheckEnv([]string{"GOOD=1", setting}); (err == nil) != good {
			t.Errorf("%q: %v, want it to be good: %v", setting, err, good)
		}
	}
}
