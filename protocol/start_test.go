package protocol

import (
	"encoding/json"
	"testing"
)

func TestStartAcceptsWhatTheOriginalsSent(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		payload string
		check   func(StartRequest) bool
	}{
		"integer droplet":    {`{"droplet":42,"runtime_info":{"name":"r"}}`, func(r StartRequest) bool { return r.Droplet == "42" }},
		"services as object": {`{"droplet":"a","services":{},"runtime_info":{"name":"r"}}`, func(r StartRequest) bool { return len(r.Services) == 0 }},
		"big number in credentials": {`{"droplet":"a","services":[{"credentials":{"n":9007199254740993}}],"runtime_info":{"name":"r"}}`, func(r StartRequest) bool {
			b, err := json.Marshal(r.Services)
			return err == nil && string(b) == `[{"credentials":{"n":9007199254740993}}]`
		}},
		"a flag that is a word": {`{"droplet":"a","prod":"yes","runtime_info":{"name":"r"}}`, func(r StartRequest) bool { return bool(r.Prod) }},
		"null uris":             {`{"droplet":"a","uris":null,"runtime_info":{"name":"r"}}`, func(r StartRequest) bool { return len(r.URIs) == 0 }},
		"debug as true":         {`{"droplet":"a","debug":true,"runtime_info":{"name":"r"}}`, func(r StartRequest) bool { return r.Debug == "true" }},
		"debug as mode":         {`{"droplet":"a","debug":"suspend","runtime_info":{"name":"r"}}`, func(r StartRequest) bool { return r.Debug == "suspend" }},
		"debug as false":        {`{"droplet":"a","debug":false,"runtime_info":{"name":"r"}}`, func(r StartRequest) bool { return r.Debug == "" }},
		"integral float":        {`{"droplet":"a","limits":{"mem":256.0},"runtime_info":{"name":"r"}}`, func(r StartRequest) bool { return *r.Limits.Mem == 256 }},
		"absent limit":          {`{"droplet":"a","limits":{"mem":1},"runtime_info":{"name":"r"}}`, func(r StartRequest) bool { return r.Limits.Disk == nil }},
		"null in environment": {`{"droplet":"a","runtime_info":{"name":"r","environment":{"bundle_gemfile":null,"N":1}}}`, func(r StartRequest) bool {
			return r.RuntimeInfo.Environment["bundle_gemfile"] == "" && r.RuntimeInfo.Environment["N"] == "1"
		}},
		"unknown keys":          {`{"droplet":"a","running":"ruby19","runtime_info":{"name":"r"}}`, func(StartRequest) bool { return true }},
		"version as a number":   {`{"droplet":"a","version":1,"runtime_info":{"name":"r"}}`, func(r StartRequest) bool { return r.Version == "1" }},
		"big integer id exact":  {`{"droplet":9007199254740993,"runtime_info":{"name":"r"}}`, func(r StartRequest) bool { return r.Droplet == "9007199254740993" }},
		"null cc_partition":     {`{"droplet":"a","cc_partition":null,"runtime_info":{"name":"r"}}`, func(r StartRequest) bool { return r.CCPartition == nil }},
		"index as integral 1.0": {`{"droplet":"a","index":1.0,"runtime_info":{"name":"r"}}`, func(r StartRequest) bool { return r.Index == 1 }},
	} {
		r, err := Decode[StartRequest]([]byte(tc.payload))
		if err != nil || !tc.check(r) {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
}

func TestUnusableMessagesDoNotValidate(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"start without droplet":   second(Decode[StartRequest]([]byte(`{"runtime_info":{"name":"r"}}`))),
		"start without runtime":   second(Decode[StartRequest]([]byte(`{"droplet":"a"}`))),
		"start of index -1":       second(Decode[StartRequest]([]byte(`{"droplet":"a","index":-1,"runtime_info":{"name":"r"}}`))),
		"start of half an index":  second(Decode[StartRequest]([]byte(`{"droplet":"a","index":0.5,"runtime_info":{"name":"r"}}`))),
		"stop of everything":      second(Decode[StopRequest](nil)),
		"discover without limits": second(Decode[DiscoverRequest]([]byte(`{"runtime_info":{"name":"r"}}`))),
		"route without host":      second(Decode[Route]([]byte(`{"port":1}`))),
		"route to port 0":         second(Decode[Route]([]byte(`{"host":"h","port":0}`))),
		"heartbeat from nobody":   second(Decode[Heartbeat]([]byte(`{"droplets":[]}`))),
	} {
		if err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestIgnoredPayloadsAreNeverRead(t *testing.T) {
	t.Parallel()
	for _, p := range []string{"", "garbage", "[", "{}"} {
		if _, err := Decode[Ignored]([]byte(p)); err != nil {
			t.Errorf("%q: %v", p, err)
		}
	}
}

func TestModeIsWrittenAsItWasMeant(t *testing.T) {
	t.Parallel()
	for m, want := range map[Mode]string{"": "null", "true": "true", "run": `"run"`} {
		if got, err := json.Marshal(m); err != nil || string(got) != want {
			t.Errorf("%q is written %s, want %s", m, got, want)
		}
	}
}

func TestStartSubjectTakesNoWildcards(t *testing.T) {
	t.Parallel()
	if s, err := DEAStart("0-8187ad44"); err != nil || s != "dea.0-8187ad44.start" {
		t.Errorf("subject = %q, %v", s, err)
	}
	for _, id := range []string{"", "*", "a.b", ">", "a b"} {
		if s, err := DEAStart(id); err == nil {
			t.Errorf("%q became subject %q", id, s)
		}
	}
}
