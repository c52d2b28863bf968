package config

import (
	"encoding"
	"slices"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
)

func TestDurationIsSecondsOrHasUnits(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"120": 2 * time.Minute, "0.5": 500 * time.Millisecond, "10s": 10 * time.Second, "2m30s": 150 * time.Second, "0": 0, "250ms": 250 * time.Millisecond,
	} {
		var d Duration
		if err := d.UnmarshalText([]byte(text)); err != nil || d.Std() != want {
			t.Errorf("%s = %s, %v; want %s", text, d, err, want)
		}
	}
	for text, want := range map[string]string{
		"120": "2m", "3600": "1h", "5400": "1h30m", "3601": "1h0m1s", "30": "30s", "0": "0s", "150": "2m30s", "600": "10m", "0.5": "500ms",
	} {
		var d Duration
		if err := d.UnmarshalText([]byte(text)); err != nil || d.String() != want {
			t.Errorf("%s reads %s, %v; want %s", text, d, err, want)
		}
		if err := d.UnmarshalText([]byte(want)); err != nil || d.String() != want {
			t.Errorf("%s is read as %s, %v", want, d, err)
		}
	}
	rejects(t, new(Duration), "", "x", "-1", "-5s", "1e300", "NaN", "inf", "10 s", "10 minutes")
}

func TestSizeHasUnitsOf1024(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		"0": 0, "909": 909, "64K": 64 << 10, "64KB": 64 << 10, "64KiB": 64 << 10, "512MiB": 512 << 20, "512 mb": 512 << 20, "2G": 2 << 30, "1TiB": 1 << 40, "7B": 7,
	} {
		var s Size
		if err := s.UnmarshalText([]byte(text)); err != nil || s.Bytes() != want {
			t.Errorf("%s = %d, %v; want %d", text, s, err, want)
		}
	}
	rejects(t, new(Size), "", "MiB", "-1", "1.5G", "10 apples", "9999999T", "10iB", "10KK", "10 M M", "1P")
	for size, want := range map[Size]string{0: "0", 909: "909", 512 << 20: "512MiB", 1536: "1536", 3 << 50: "3072TiB"} {
		if got := size.String(); got != want {
			t.Errorf("size %d reads %s, want %s", int64(size), got, want)
		}
	}
}

func TestMemoryIsMegabytesOrAShare(t *testing.T) {
	t.Parallel()
	for text, tt := range map[string]struct{ total, want int }{
		"1024":  {64000, 1024},
		"512":   {0, 512}, // a fixed amount is what it is, however small
		"75%":   {16000, 12000},
		"75 %":  {16001, 12000},
		"100%":  {4096, 4096},
		"10%":   {16000, 2048}, // at least
		"50%":   {0, 2048},     // memory not known
		"33%":   {99999, 32999},
		"00075": {0, 75},
	} {
		var m Memory
		if err := m.UnmarshalText([]byte(text)); err != nil || m.of(tt.total) != tt.want {
			t.Errorf("%s of %d MB = %d, %v; want %d", text, tt.total, m.of(tt.total), err, tt.want)
		}
	}
	rejects(t, new(Memory), "", "0", "-5", "0%", "101%", "4G", "1.5", "%", "75%%")
}

func TestShareIsOfThisMachine(t *testing.T) {
	t.Parallel()
	if got := Percent(100).MB(); got < leastShare {
		t.Errorf("100%% of this machine = %d MB, want at least %d", got, leastShare)
	}
	if got := Megabytes(100).MB(); got != 100 {
		t.Errorf("100 MB = %d MB", got)
	}
	if systemMB() == 0 {
		t.Skip("the memory of this machine is not known")
	}
	if got, want := Percent(100).MB(), max(systemMB(), leastShare); got != want {
		t.Errorf("100%% of this machine = %d MB, want %d", got, want)
	}
}

func TestNameMapTakesAListOrAMapInTheirOrder(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]NameMap{
		"[ruby19, node]":                  {{"ruby19", ""}, {"node", ""}},
		"- ruby19\n- node\n":              {{"ruby19", ""}, {"node", ""}},
		"ruby19: /usr/bin/ruby\nnode:\n":  {{"ruby19", "/usr/bin/ruby"}, {"node", ""}},
		"{z: 1.10, a: x}":                 {{"z", "1.10"}, {"a", "x"}},
		"ruby19: /usr/bin/ruby":           {{"ruby19", "/usr/bin/ruby"}},
		"[]":                              nil,
		"{}":                              nil,
		"193: ruby # a name is only text": {{"193", "ruby"}},
	} {
		var m NameMap
		if err := yaml.Unmarshal([]byte(text), &m); err != nil || !slices.Equal(m, want) {
			t.Errorf("%q = %v, %v; want %v", text, m, err, want)
		}
	}
	for _, text := range []string{"x", "[a, a]", "{a: [b]}", "[[a]]", "[{a: b}]", `[""]`, "12"} {
		if err := yaml.Unmarshal([]byte(text), new(NameMap)); err == nil {
			t.Errorf("%s was taken for names", text)
		}
	}
	rejects(t, new(NameMap), "", "a,a", ",", "=x")
}

func TestNameMapFindsNames(t *testing.T) {
	t.Parallel()
	m := NameMap{{"ruby19", "ruby"}, {"node", ""}}
	if v, ok := m.Lookup("ruby19"); v != "ruby" || !ok {
		t.Errorf("ruby19 = %q, %t", v, ok)
	}
	if v, ok := m.Lookup("node"); v != "" || !ok {
		t.Errorf("node = %q, %t; want there without a value", v, ok)
	}
	if _, ok := m.Lookup("php"); ok {
		t.Error("php is there")
	}
	for name := range m.Names() {
		if name != "ruby19" {
			t.Errorf("first name = %s", name)
		}
		break
	}
}

func TestValuesReadBackWhatTheyWrite(t *testing.T) {
	t.Parallel()
	type all struct {
		D Duration
		S Size
		M Memory
		P Memory
		N NameMap
	}
	in := all{Duration(90 * time.Second), 512 << 20, Megabytes(1024), Percent(75), NameMap{{"ruby19", "ruby"}, {"node", "node"}}}
	text, err := yaml.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	out, err := Parse[all]("x.yml", text)
	if err != nil || out.N.String() != in.N.String() || out.D != in.D || out.S != in.S || out.M != in.M || out.P != in.P {
		t.Errorf("%+v came back as %+v, %v from\n%s", in, out, err, text)
	}
}

// rejects checks that a type takes none of the texts, and keeps its value then.
func rejects(t *testing.T, into encoding.TextUnmarshaler, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if err := into.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%T took %q", into, text)
		}
	}
}

func TestStatusNeedsAPortAndAPasswordForAUser(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status Status
		key    string
	}{
		"nothing set":             {Status{}, ""},
		"all set":                 {Status{8083, "admin", "secret"}, ""},
		"no server":               {Status{Port: -1}, ""},
		"port too large":          {Status{Port: 65536}, "status.port"},
		"port negative":           {Status{Port: -2}, "status.port"},
		"user without a password": {Status{User: "admin"}, "status.password"},
	} {
		err := tt.status.Validate()
		if key := keyOf(err); key != tt.key || (err == nil) != (tt.key == "") {
			t.Errorf("%s: error = %v, want one about %q", name, err, tt.key)
		}
	}
	if key := keyOf(Logging{Level: "loud"}.Validate()); key != "logging.level" {
		t.Errorf("key of a wrong level = %q, want logging.level", key)
	}
}
