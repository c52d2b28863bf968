package protocol

import (
	"encoding/json"
	"testing"
)

func TestPartitionIsOneWordOfASubject(t *testing.T) {
	t.Parallel()
	requests, err := HMRequests(DefaultPartition)
	if err != nil || requests.String() != "cloudcontrollers.hm.requests.default" {
		t.Errorf("subject = %s, %v", requests, err)
	}
	credentials, err := BulkCredentials(DefaultPartition)
	if err != nil || credentials.String() != "cloudcontroller.bulk.credentials.default" {
		t.Errorf("subject = %s, %v", credentials, err)
	}
	for _, bad := range []string{"", "a.b", "*", ">", "a b"} {
		if _, err := HMRequests(bad); err == nil {
			t.Errorf("partition %q was taken", bad)
		}
		if _, err := BulkCredentials(bad); err == nil {
			t.Errorf("partition %q was taken", bad)
		}
	}
}

// The cloud controller looked for the operation anywhere in the word, whatever its case.
func TestOperationIsFoundInTheWord(t *testing.T) {
	t.Parallel()
	for op, want := range map[Op]Op{
		"START": OpStart, "start": OpStart, "please Start": OpStart, "STOP": OpStop, "op_stop": OpStop, "spindown": OpSpindown, "": "", "dance": "",
	} {
		if got := op.Kind(); got != want {
			t.Errorf("%q means %q, want %q", op, got, want)
		}
	}
	if _, err := Decode[HMRequest]([]byte(`{"droplet":1,"op":"dance"}`)); err == nil {
		t.Error("a request for nothing known was taken")
	}
	if _, err := Decode[HMRequest]([]byte(`{"op":"STOP"}`)); err == nil {
		t.Error("a request for no app was taken")
	}
}

// Who asks for crashes of an app that has none gets an empty list, not an empty object.
func TestEmptyListOfAReplyIsWritten(t *testing.T) {
	t.Parallel()
	for want, reply := range map[string]HealthStatusReply{
		`{"indices":[]}`: {Indices: []FlappingIndex{}}, `{"instances":[]}`: {Instances: []CrashedInstance{}},
	} {
		if got, err := json.Marshal(reply); err != nil || string(got) != want {
			t.Errorf("written as %s, %v, want %s", got, err, want)
		}
	}
}

// Ids are strings here and were numbers in 2012; both are keys of the results.
func TestBulkAppsOf2012AreRead(t *testing.T) {
	t.Parallel()
	const page = `{"results":{"42":{"id":42,"name":"hello","instances":2,"state":"STARTED","framework":"sinatra","runtime":"ruby19","memory":256,
		"package_state":"STAGED","updated_at":"2012-11-12T22:58:31Z","version":"8f14-1"}},"bulk_token":{"id":42}}`
	all, err := Decode[BulkApps]([]byte(page))
	if err != nil {
		t.Fatal(err)
	}
	app := all.Results["42"]
	if app.ID != "42" || app.Instances != 2 || app.UpdatedAt.Unix() != 1352761111 || string(all.Token) != `{"id":42}` {
		t.Errorf("read %+v and token %s", app, all.Token)
	}
}
