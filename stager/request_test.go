package stager

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/bus/bustest"
	"github.com/minicf/minicf/protocol"
	"github.com/minicf/minicf/stager/plugin/builtin"
)

// goodRequest is valid, and leads nowhere.
const goodRequest = `{"app_id":"a","download_uri":"nowhere","upload_uri":"nowhere","properties":{"services":[{"name":"db","credentials":{"password":"secret"}}],` +
	`"framework_info":{"name":"sinatra","runtimes":[{"ruby19":{"default":true}}],"detection":[{"*.rb":"sinatra"}]},` +
	`"runtime_info":{"name":"ruby19","version":"1.9.3","environment":{"A":"b"}},"resources":{"memory":256,"disk":256,"fds":1024},"environment":["A=b"],"meta":{"command":"x"}}}`

func TestMalformedRequestIsAnswered(t *testing.T) {
	t.Parallel()
	b := bustest.New(t)
	startStager(t, newStager(t, b, builtin.Set(), testConfig(t)))
	change := func(old, new string) string {
		if !strings.Contains(goodRequest, old) {
			t.Fatalf("there is no %s in the request", old)
		}
		return strings.Replace(goodRequest, old, new, 1)
	}
	const uri, runtime = `"download_uri":"nowhere",`, `"name":"ruby19","version":"1.9.3"`
	for payload, want := range map[string]string{
		"":                                       "the message is empty",
		" \n":                                    "the message is empty",
		"not json":                               "not JSON: invalid character 'o'",
		"{x}":                                    "not JSON: invalid character 'x'",
		`{"app_id": `:                            "not JSON: unexpected EOF",
		goodRequest + "{}":                       "not JSON: something follows the object",
		"\x00\xff\xfe":                           "not JSON: invalid character",
		"null":                                   "Expected instance of Hash, given instance of NilClass",
		"[]":                                     "Expected instance of Hash, given instance of Array",
		"17":                                     "Expected instance of Hash, given instance of Integer",
		`"text"`:                                 "Expected instance of Hash, given instance of String",
		"{}":                                     "{ download_uri => Missing key, upload_uri => Missing key, properties => Missing key }",
		change(uri, ""):                          "{ download_uri => Missing key }",
		change(uri, `"download_uri":null,`):      "{ download_uri => Expected instance of String, given an instance of NilClass }",
		change(uri, `"download_uri":[],`):        "{ download_uri => Expected instance of String, given an instance of Array }",
		change(`"memory":256`, `"memory":1.5`):   "{ properties => { resources => { memory => Expected instance of Integer, given an instance of Float } } }",
		change(`"services":[`, `"services":[1,`): "{ properties => { services => At index 0: Expected instance of Hash, given instance of Integer } }",
		change(runtime, `"name":[]`):             "{ properties => { runtime_info => { name => Expected instance of String, given an instance of Array } } }",
		change(runtime, `"version":{}`):          "{ properties => { runtime_info => { version => Expected instance of String, given an instance of Hash } } }",
		change(`{"A":"b"}`, `{"A":[]}`):          "{ properties => { runtime_info => { environment => { A => Expected instance of String, given an instance of Array } } } }",
		change(`{"A":"b"}`, `[]`):                "{ properties => { runtime_info => { environment => Expected instance of Hash, given instance of Array } } }",
		change(`[{"*.rb":"sinatra"}]`, `{}`):     "{ properties => { framework_info => { detection => Expected instance of Array, given instance of Hash } } }",
		change(`[{"*.rb":"sinatra"}]`, `[{"*.rb":1}]`): "{ properties => { framework_info => { detection => *.rb: want a regular expression, true or false } } }",
		strings.Repeat("[", 20_000):                    "not JSON: ",
	} {
		var rep protocol.StagingReply
		answer := rawAsk(t, b, []byte(payload))
		if err := json.Unmarshal(answer, &rep); err != nil {
			t.Errorf("%.60q: the answer %q is not JSON", payload, answer)
		}
		if !strings.HasPrefix(rep.Error, "Staging task failed:\n Invalid request: "+want) {
			t.Errorf("%.60q: error = %q, want it to begin with %q", payload, rep.Error, want)
		}
		if len(rep.TaskID) != 32 || rep.TaskLog != "" {
			t.Errorf("%.60q: task id = %q and log = %q, want an id and no log", payload, rep.TaskID, rep.TaskLog)
		}
	}
}

func TestNumbersArriveInTheirLooseForms(t *testing.T) {
	t.Parallel()
	payload := strings.NewReplacer(`"memory":256`, `"memory":256.0`, `"version":"1.9.3"`, `"version":1.9`, `"app_id":"a"`, `"app_id":17`).Replace(goodRequest)
	r, err := protocol.ParseStagingRequest([]byte(payload))
	if err != nil || r.Properties.Resources.Memory != 256 || r.Properties.RuntimeInfo.Version != "1.9" || r.AppID != "17" {
		t.Errorf("request = %+v, error = %v", r, err)
	}
}

func TestRequestWithoutReplySubjectIsServed(t *testing.T) {
	t.Parallel()
	b := bustest.New(t)
	startStager(t, newStager(t, b, builtin.Set(), testConfig(t)))
	for _, payload := range []string{"garbage", goodRequest} {
		if err := b.PublishRaw("staging", "", []byte(payload)); err != nil {
			t.Fatal(err)
		}
	}
	c := newController(t, sinatraZip(t))
	if rep := ask(t, b, c.request("app", "sinatra")); rep.Error != "" {
		t.Errorf("the request after them failed: %s", rep.Error)
	}
}

func TestRandomPayloadsAreAllAnswered(t *testing.T) {
	t.Parallel()
	const n = 10_000
	server := bustest.NewServer(t)
	b, client := bustest.Join(t, server), bustest.Join(t, server)
	s, err := New(b, builtin.Set(), testConfig(t), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	startStager(t, s)

	var mu sync.Mutex
	answers := map[string]int{}
	all := make(chan struct{})
	inbox := "_INBOX." + bus.Hex(8)
	sub, err := client.Tap(inbox+".*", func(m bus.Message) {
		var rep protocol.StagingReply
		if err := json.Unmarshal(m.Payload, &rep); err != nil || rep.TaskID == "" || rep.Error == "" {
			t.Errorf("answer = %.200q, want an id and an error", m.Payload)
		}
		mu.Lock()
		defer mu.Unlock()
		if answers[m.Subject]++; len(answers) == n {
			close(all)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Stop()
	random := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		if err := client.PublishRaw("staging", fmt.Sprintf("%s.%d", inbox, i), randomPayload(random)); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case <-all:
	case <-time.After(time.Minute):
		t.Fatalf("not all of %d payloads were answered within a minute", n)
	}
	c := newController(t, sinatraZip(t))
	if rep := ask(t, client, c.request("app", "sinatra")); rep.Error != "" {
		t.Errorf("the request after them failed: %s", rep.Error)
	}
	mu.Lock()
	defer mu.Unlock()
	for subject, times := range answers {
		if times != 1 {
			t.Errorf("%s was answered %d times", subject, times)
		}
	}
}

// randomPayload is noise, or a request with something wrong in it.
func randomPayload(r *rand.Rand) []byte {
	if r.IntN(3) == 0 {
		noise := make([]byte, r.IntN(200))
		for i := range noise {
			noise[i] = byte(r.Uint32())
		}
		return noise
	}
	p := []byte(goodRequest)
	for range 1 + r.IntN(5) {
		i := r.IntN(len(p))
		switch r.IntN(4) {
		case 0:
			p[i] = byte(r.Uint32())
		case 1:
			p = append(p[:i], p[min(len(p), i+1+r.IntN(20)):]...)
		case 2:
			p = bytes.Replace(p, []byte(`"`), []byte(`null`), 1)
		default:
			p[i], p[r.IntN(len(p))] = p[r.IntN(len(p))], p[i]
		}
		if len(p) == 0 {
			break
		}
	}
	return p
}

func FuzzRequest(f *testing.F) {
	for _, seed := range []string{goodRequest, "", "null", "[]", `{"properties":{"runtime_info":{"environment":{"A":{}}}}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		_, err := protocol.ParseStagingRequest(payload)
		if err == nil && !json.Valid(payload) {
			t.Errorf("%q was taken for JSON", payload)
		}
		if err == nil {
			return
		}
		rep := newReply("id", "", &taskError{Description: "Invalid request: " + err.Error()})
		if encoded, err := json.Marshal(rep); err != nil || len(encoded) > 1<<20 {
			t.Errorf("the answer has %d bytes and the error %v", len(encoded), err)
		}
	})
}
