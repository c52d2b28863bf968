package lockfile

import (
	"errors"
	"strings"
	"testing"
)

const mixed = `GIT
  remote: git://example.test/vcap-common.git
  revision: 5334b662238f0000000000000000000000000000
  branch: master
  submodules: true
  specs:
    vcap_common (2.0.0)
      eventmachine
      thin (~> 1.3)

PATH
  remote: lib/mine
  specs:
    mine (0.1)

GEM
  remote: http://a.example.test/
  remote: http://b.example.test/
  specs:
    daemons (1.1.9)
    eventmachine (1.0.0)
    eventmachine (1.0.0-x86-mingw32)
    nokogiri (1.15.0-x86_64-linux)
      racc (~> 1.4)
    nokogiri (1.15.0-x86_64-linux-musl)
      racc (~> 1.4)
    racc (1.7.1)
    rake (13.0.6)
    thin (1.5.0)
      daemons (>= 1.0.9)
      eventmachine (>= 0.12.6)
    win (1.0-x86-mingw32)

PLATFORMS
  x86-mingw32
  x86_64-linux

DEPENDENCIES
  bundler (>= 1.0)
  mine!
  nokogiri (>= 1.6, < 2)
  rake
  vcap_common!

CHECKSUMS
  rake (13.0.6) sha256=00

RUBY VERSION
   ruby 3.1.2p20

BUNDLED WITH
   2.3.15
`

func parse(t *testing.T, text string) *Lock {
	t.Helper()
	l, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func names(t *testing.T, l *Lock, dependencies, platform string) string {
	t.Helper()
	specs, err := l.Order(strings.Fields(dependencies), platform)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, s := range specs {
		all = append(all, strings.TrimSuffix(s.Name+"-"+s.Version+"-"+s.Platform, "-"))
	}
	return strings.Join(all, " ")
}

func TestSourcesAreThoseOfTheirSections(t *testing.T) {
	t.Parallel()
	for _, text := range []string{mixed, strings.ReplaceAll(mixed, "\n", "\r\n")} {
		l := parse(t, text)
		git, path, gems := l.Specs[0].Source, l.Specs[1].Source, l.Specs[2].Source
		if git.Kind != Git || git.Remote() != "git://example.test/vcap-common.git" || git.Revision[:12] != "5334b662238f" || !git.Submodules {
			t.Errorf("the git source is %+v", git)
		}
		if path.Kind != Path || path.Remote() != "lib/mine" || gems.Kind != Packages || len(gems.Remotes) != 2 {
			t.Errorf("the other sources are %+v and %+v", path, gems)
		}
		if got := strings.Join(l.Dependencies, " "); got != "bundler mine nokogiri rake vcap_common" {
			t.Errorf("dependencies are %s", got)
		}
	}
}

func TestGemsStandBehindWhatTheyNeedAndRakeFirst(t *testing.T) {
	t.Parallel()
	l := parse(t, mixed)
	for _, tt := range []struct{ dependencies, want string }{
		{"bundler mine nokogiri rake vcap_common", "rake-13.0.6 mine-0.1 racc-1.7.1 nokogiri-1.15.0-x86_64-linux eventmachine-1.0.0 daemons-1.1.9 thin-1.5.0 vcap_common-2.0.0"},
		{"thin eventmachine thin", "daemons-1.1.9 eventmachine-1.0.0 thin-1.5.0"},
		{"", ""},
	} {
		if got := names(t, l, tt.dependencies, "x86_64-linux"); got != tt.want {
			t.Errorf("the order for %q is\n%s, want\n%s", tt.dependencies, got, tt.want)
		}
	}
	circle := parse(t, "GEM\n  specs:\n    a (1)\n      b\n    b (1)\n      a\n")
	if got := names(t, circle, "a", ""); got != "b-1 a-1" {
		t.Errorf("the order of a circle is %s", got)
	}
}

func TestGemsAreThoseOfTheMachinesPlatform(t *testing.T) {
	t.Parallel()
	l := parse(t, mixed)
	for platform, want := range map[string]string{
		"x86_64-linux":      "racc-1.7.1 nokogiri-1.15.0-x86_64-linux win-1.0 eventmachine-1.0.0",
		"x86_64-linux-gnu":  "racc-1.7.1 nokogiri-1.15.0-x86_64-linux win-1.0 eventmachine-1.0.0",
		"x86_64-linux-musl": "racc-1.7.1 nokogiri-1.15.0-x86_64-linux-musl win-1.0 eventmachine-1.0.0",
		"arm64-darwin":      "racc-1.7.1 nokogiri-1.15.0 win-1.0 eventmachine-1.0.0",
		"x86-mingw32":       "racc-1.7.1 nokogiri-1.15.0 win-1.0-x86-mingw32 eventmachine-1.0.0-x86-mingw32",
	} {
		if got := names(t, l, "nokogiri win eventmachine", platform); got != want {
			t.Errorf("on %s the gems are\n%s, want\n%s", platform, got, want)
		}
	}
	if !l.Fits("x86_64-linux-gnu") || l.Fits("arm64-darwin") || !parse(t, "PLATFORMS\n  ruby\n").Fits("arm64-darwin") {
		t.Error("Fits is wrong about the platforms of the bundle")
	}
}

func TestMissingGemIsNamedWithWhoNeedsIt(t *testing.T) {
	t.Parallel()
	l := parse(t, "GEM\n  specs:\n    a (1)\n      b\n")
	_, err := l.Order([]string{"a"}, "")
	if m, ok := errors.AsType[*MissingError](err); !ok || m.Name != "b" || m.By != "a" {
		t.Errorf("%v, want that a needs b", err)
	}
	if _, err := l.Order([]string{"c"}, ""); err == nil || err.Error() != "Gemfile.lock does not have the gem c, which the Gemfile needs" {
		t.Error(err)
	}
}

func TestLineThatIsNoneIsNumbered(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"GEM\n=======\n":                          "line 2: ",
		"GEM\n  specs:\n    a\n":                  `line 3: "" is no version of a`,
		"GEM\n  specs:\n    a (1 2)\n":            "line 3: ",
		"GEM\n  specs:\n    a (1/2)\n":            "line 3: ",
		"GEM\n  specs:\n    ../a (1)\n":           "line 3: ",
		"GEM\n  specs:\n    -a (1)\n":             "line 3: ",
		"GEM\n  specs:\n    a (1-../x)\n":         "line 3: ",
		"GEM\n  specs:\n    a (1)\n      b c d\n": "line 4: ",
		"DEPENDENCIES\n  a b\n":                   "line 2: ",
	} {
		if _, err := Parse([]byte(text)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(mixed)
	f.Add("GEM\n  specs:\n    a (1)\n      a\n")
	f.Fuzz(func(t *testing.T, text string) {
		l, err := Parse([]byte(text))
		if err != nil {
			return
		}
		specs, err := l.Order(l.Dependencies, "x86_64-linux")
		if err == nil && len(specs) > len(l.Specs) {
			t.Errorf("%d gems of %d", len(specs), len(l.Specs))
		}
		for _, s := range specs {
			if strings.ContainsAny(s.Name+s.Version+s.Platform, "/\\ \n\x00") {
				t.Errorf("%+v is a file name that leads elsewhere", s)
			}
		}
	})
}
