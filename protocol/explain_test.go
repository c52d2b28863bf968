package protocol

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestWrongKeyIsNamedInWordsOf2012(t *testing.T) {
	t.Parallel()
	for payload, want := range map[string]string{
		`{"limits":{"mem":"256"}}`:                   "{ limits => { mem => Expected instance of Integer, given an instance of String } }",
		`{"limits":{"mem":1.5}}`:                     "{ limits => { mem => Expected instance of Integer, given an instance of Float } }",
		`{"limits":[]}`:                              "{ limits => Expected instance of Hash, given instance of Array }",
		`{"uris":"hello"}`:                           "{ uris => Expected instance of Array, given instance of String }",
		`{"uris":["a",1]}`:                           "{ uris => At index 1: Expected instance of String, given an instance of Integer }",
		`{"name":{"a":{"b":1}}}`:                     "{ name => Expected instance of String, given an instance of Hash }",
		`{"droplet":["x"]}`:                          "{ droplet => Expected instance of String, given an instance of Array }",
		`{"services":{"a":1}}`:                       "{ services => Expected instance of Array, given instance of Hash }",
		`{"services":[1]}`:                           "{ services => At index 0: Expected instance of Hash, given instance of Integer }",
		`{"index":1e300}`:                            "{ index => Expected instance of Integer, given an instance of Float }",
		`{"runtime_info":{"environment":{"A":[]}}}`:  "{ runtime_info => { environment => { A => Expected instance of String, given an instance of Array } } }",
		`{"runtime_info":{"debug_env":{"run":[1]}}}`: "{ runtime_info => { debug_env => { run => At index 0: Expected instance of String, given an instance of Integer } } }",
		`[]`:         "Expected instance of Hash, given instance of Array",
		`"text"`:     "Expected instance of Hash, given instance of String",
		`{"limits":`: "not JSON: unexpected end of JSON input",
		`nothing`:    "not JSON: invalid character 'o' in literal null (expecting 'u')",
		`{"name":1,"uris":1,"limits":{"mem":{},"x":1}}`: "{ limits => { mem => Expected instance of Integer, given an instance of Hash } }",
	} {
		_, err := Decode[StartRequest]([]byte(payload))
		if got := Explain[StartRequest]([]byte(payload), err); got == nil || got.Error() != want {
			t.Errorf("%s: %v\nwant %s", payload, got, want)
		}
	}
}

func TestErrorThatIsNotAboutTypesStaysAsItIs(t *testing.T) {
	t.Parallel()
	payload := []byte(`{"droplet":"a"}`)
	_, err := Decode[StartRequest](payload)
	if got := Explain[StartRequest](payload, err); got != err || err == nil {
		t.Errorf("%v, want %v", got, err)
	}
	if got := Explain[StartRequest](payload, nil); got != nil {
		t.Errorf("%v, want nothing", got)
	}
}

// The bus hands messages over one after the other: what takes long to explain holds up all others.
func TestHostilePayloadIsExplainedInTime(t *testing.T) {
	t.Parallel()
	many := map[string]any{"zzz": []int{}}
	for i := range 20_000 {
		many[strings.Repeat("x", i%7)+string(rune('a'+i%26))+time.Duration(i).String()] = "value"
	}
	wide, err := json.Marshal(map[string]any{"runtime_info": map[string]any{"environment": many}})
	if err != nil {
		t.Fatal(err)
	}
	for name, payload := range map[string]string{
		"deep objects": `{"name":` + strings.Repeat(`{"a":`, 9000) + "1" + strings.Repeat("}", 9000) + "}",
		"deep lists":   `{"uris":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + "}",
		"many keys":    string(wide),
		"a long key":   `{"runtime_info":{"environment":{"` + strings.Repeat("k", 900_000) + `":[]}}}`,
	} {
		began := time.Now()
		_, err := Decode[StartRequest]([]byte(payload))
		text := Explain[StartRequest]([]byte(payload), err).Error()
		if took := time.Since(began); took > 10*time.Second || len(text) > 500 {
			t.Errorf("%s: took %s, and %d bytes were said", name, took, len(text))
		}
	}
}
