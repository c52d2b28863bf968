package config

import (
	"encoding/json"
	"testing"
	"time"
)

func TestSecretsAreMasked(t *testing.T) {
	t.Parallel()
	for value, want := range map[Value]string{
		{Key: "status.password", Value: "hunter2"}:                                 "***",
		{Key: "status.password", Value: ""}:                                        "",
		{Key: "auth.token", Value: "t"}:                                            "***",
		{Key: "status.user", Value: "admin"}:                                       "admin",
		{Key: "mbus", Value: "nats://127.0.0.1:4222"}:                              "nats://127.0.0.1:4222",
		{Key: "mbus", Value: "nats://me:hunter2@127.0.0.1:4222"}:                   "nats://me:***@127.0.0.1:4222",
		{Key: "mbus", Value: "nats://t0ken@127.0.0.1"}:                             "nats://***@127.0.0.1",
		{Key: "mbus", Value: "nats://a:p@ss@h1,nats://b:q@h2"}:                     "nats://a:***@h1,nats://b:***@h2",
		{Key: "text", Value: "write to a:b@c"}:                                     "write to a:b@c",
		{Key: "404_redirect", Value: "http://127.0.0.1/?next=x", Origin: Origin{}}: "http://127.0.0.1/?next=x",
	} {
		if got := value.Masked(); got != want {
			t.Errorf("%s: %s is shown as %s, want %s", value.Key, value.Value, got, want)
		}
	}
}

func TestVarzShowsTheConfigurationWithoutSecrets(t *testing.T) {
	t.Parallel()
	type small struct {
		MBus      string `yaml:"mbus"`
		Peers     []string
		Index     *int
		Intervals struct {
			Heartbeat Duration
		}
		Status   Status
		Runtimes NameMap
		Memory   Memory
	}
	cfg := small{MBus: "nats://a:secret@h", Peers: []string{"nats://b:secret@h"}, Status: Status{Port: 1, User: "u", Password: "secret"}, Runtimes: NameMap{{"ruby19", "ruby"}}, Memory: Percent(75)}
	cfg.Intervals.Heartbeat = Duration(10 * time.Second)
	m, err := Map(&cfg)
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"index":null,"intervals":{"heartbeat":10},"mbus":"nats://a:***@h","memory":"75%","peers":["nats://b:***@h"],"runtimes":{"ruby19":"ruby"},"status":{"port":1,"user":"u"}}`
	if string(got) != want {
		t.Errorf("config in varz = %s\nwant             %s", got, want)
	}
	if _, err := Map("text"); err == nil {
		t.Error("a text was shown as a configuration")
	}
}

func TestProgramsReadNumbersAsNumbers(t *testing.T) {
	t.Parallel()
	o := inFile(t, "runtimes: {ruby19: ruby}\nmax_memory: 512\nstatus: {port: 80, user: u, password: secret}\nsecure: true\n")
	_, values := mustLoad(t, o)
	for key, want := range map[string]string{
		"max_active_tasks":     `10`,
		"max_staging_duration": `120`,
		"max_download":         `"512MiB"`,
		"queues":               `["staging"]`,
		"runtimes":             `{"ruby19":"ruby"}`,
		"max_memory":           `512`,
		"secure":               `true`,
		"index":                `null`,
		"status.port":          `80`,
		"status.password":      `"***"`,
		"nats_uri":             `"nats://127.0.0.1:4222"`,
	} {
		if got, err := json.Marshal(values[key].Data()); err != nil || string(got) != want {
			t.Errorf("%s = %s, %v, want %s", key, got, err, want)
		}
	}
}
