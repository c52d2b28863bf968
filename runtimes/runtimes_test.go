package runtimes

import (
	"encoding/json"
	"testing"
)

func TestInfoIsTheEntryOfTheCloudController(t *testing.T) {
	t.Parallel()
	got, err := json.Marshal(Info("ruby19"))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"name":"ruby19","version":"1.9.2p180","description":"Ruby 1.9.2","executable":"ruby","version_flag":"-e 'puts RUBY_VERSION'",` +
		`"version_output":"1.9.2","additional_checks":"-e 'puts RUBY_PATCHLEVEL == 180'","environment":{"BUNDLE_GEMFILE":""}}`
	if string(got) != want {
		t.Errorf("ruby19's runtime_info is\n%s, want\n%s", got, want)
	}
}

func TestUnknownRuntimeIsSentByNameAlone(t *testing.T) {
	t.Parallel()
	if got, _ := json.Marshal(Info("cobol")); string(got) != `{"name":"cobol"}` {
		t.Errorf("runtime_info = %s, want the name alone", got)
	}
	if _, ok := Lookup("cobol"); ok {
		t.Error("Lookup found cobol")
	}
}

func TestEveryRuntimeBelongsToTheFamilyOfItsCategory(t *testing.T) {
	t.Parallel()
	for _, r := range All() {
		f, ok := FamilyOf(r.Name)
		if !ok || f.Name != r.Category {
			t.Errorf("%s of category %q is served by the family %q", r.Name, r.Category, f.Name)
		}
		if _, ok := Lookup(r.Name); !ok {
			t.Errorf("Lookup does not find %s", r.Name)
		}
		for _, words := range []string{r.VersionFlag, r.AdditionalChecks} {
			if _, err := SplitWords(words); err != nil {
				t.Errorf("%s: %q: %v", r.Name, words, err)
			}
		}
	}
	if _, ok := FamilyOf("cobol"); ok {
		t.Error("a family serves cobol")
	}
}
