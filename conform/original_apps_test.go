package conform_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/minicf/minicf/conform/wire"
)

// Apps of the DEA of 2012: everything goes through a shell.

func (p *player) app() string { return text(p.Object["droplet"]) }

func (p *player) be(state string) { p.state, p.since = state, time.Now().Unix() }

func (p *player) route(o *original) wire.Object {
	var port any // null for one that never got any
	if p.port > 0 {
		port = p.port
	}
	return wire.Object{"dea": o.id, "app": p.app(), "host": "127.0.0.1", "port": port}
}

// figures are the stats of an instance. The recorded usage is as good as any.
func (p *player) figures() wire.Object {
	quotas := p.Object["quotas"].([]int)
	f := wire.Object{
		"name": p.Text("name"), "host": "127.0.0.1", "port": nil, "uris": p.uris, "uptime": 1.5,
		"mem_quota": quotas[0], "disk_quota": quotas[1], "fds_quota": quotas[2],
	}
	if p.port > 0 {
		f["port"] = p.port
	}
	return f
}

// play takes an instance through its life.
func (o *original) play(p *player, program string) {
	staged := o.stage(p, program)
	o.mu.Lock()
	if !staged {
		o.ends(p, "CRASHED")
		o.release(p)
		o.forget(p)
		o.mu.Unlock()
		return
	}
	if len(p.uris) > 0 {
		p.port = freePort()
	}
	if on := p.Object["debug"]; on != nil && on != false {
		p.debug = freePort()
	}
	if on := p.Object["console"]; on != nil && on != false {
		p.console = freePort()
	}
	script := o.environment(p, p.port)
	o.mu.Unlock()

	sh := exec.Command("env", "-i", "/bin/sh")
	sh.Dir, sh.Stdin = p.dir, strings.NewReader(script)
	if err := sh.Start(); err != nil {
		o.t.Error(err)
		return
	}
	gone := make(chan struct{})
	go o.awaitReady(p, gone)
	go o.awaitPID(p, gone)
	_ = sh.Wait() // any status is a crash
	close(gone)
	o.mu.Lock()
	defer o.mu.Unlock()
	if p.state == "STARTING" || p.state == "RUNNING" {
		o.ends(p, "CRASHED")
		o.release(p)
		if p.Object["flapping"] == true {
			o.forget(p)
		}
	}
}

// stage downloads and unpacks. Neither the status nor the hash matters, and nobody looks whether the app is still wanted.
func (o *original) stage(p *player, program string) bool {
	tgz := filepath.Join(o.dir, p.id+".tgz")
	defer os.Remove(tgz)
	if text, err := os.ReadFile(p.Text("executableFile")); err == nil {
		_ = os.WriteFile(tgz, text, 0o600)
	} else if !download(p.Text("executableUri"), tgz, o.shared(p)) {
		return false
	}
	if exec.Command("/bin/sh", "-c", "mkdir "+p.dir+" && cd "+p.dir+" && tar -xzf "+tgz).Run() != nil {
		return false
	}
	startup := filepath.Join(p.dir, "startup")
	text, err := os.ReadFile(startup)
	if err == nil && strings.Contains(string(text), "%VCAP_LOCAL_RUNTIME%") {
		_ = os.Chmod(startup, 0o600)
		_ = os.WriteFile(startup, []byte(strings.ReplaceAll(string(text), "%VCAP_LOCAL_RUNTIME%", program)), 0o600)
		_ = os.Chmod(startup, 0o500)
	}
	return true
}

// flight is a download that several instances wait for.
type flight struct {
	landed chan struct{}
	bits   []byte
	ok     bool
}

// shared returns the download of a hash that is under way, or begins it.
func (o *original) shared(p *player) *flight {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.flights == nil {
		o.flights = map[string]*flight{}
	}
	sha := p.Text("sha1")
	if f := o.flights[sha]; f != nil {
		return f
	}
	f := &flight{landed: make(chan struct{})}
	o.flights[sha] = f
	go func() {
		resp, err := http.Get(p.Text("executableUri"))
		if err == nil {
			f.bits, err = io.ReadAll(resp.Body)
			resp.Body.Close()
		}
		f.ok = err == nil
		o.mu.Lock()
		delete(o.flights, sha)
		o.mu.Unlock()
		close(f.landed)
	}()
	return f
}

func download(_, tgz string, f *flight) bool {
	<-f.landed
	return f.ok && os.WriteFile(tgz, f.bits, 0o600) == nil
}

// awaitReady looks twice a second.
func (o *original) awaitReady(p *player, gone <-chan struct{}) {
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for !p.ready() {
		select {
		case <-tick.C:
		case <-gone:
			return
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if p.state != "STARTING" {
		return
	}
	p.be("RUNNING")
	o.heartbeat(p)
	if len(p.uris) > 0 {
		o.register(p, p.uris)
	}
}

// awaitPID looks once a second for what the app has written down. Until then it cannot be stopped.
func (o *original) awaitPID(p *player, gone <-chan struct{}) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-gone:
			return
		}
		text, err := os.ReadFile(filepath.Join(p.dir, "run.pid"))
		if pid, _, _ := strings.Cut(string(text), "\n"); err == nil {
			o.mu.Lock()
			p.pid = pid
			o.mu.Unlock()
			return
		}
	}
}

func (p *player) ready() bool {
	if yaml, err := os.ReadFile(filepath.Join(p.dir, "droplet.yaml")); err == nil {
		_, file, _ := strings.Cut(string(yaml), "state_file: ")
		state, err := os.ReadFile(filepath.Join(p.dir, file))
		return err == nil && strings.Contains(string(state), `"RUNNING"`)
	}
	if p.port == 0 {
		return true
	}
	conn, err := net.Dial("tcp", "127.0.0.1:"+strconv.Itoa(p.port))
	if err == nil {
		conn.Close()
	}
	return err == nil
}

func freePort() int {
	l := must(net.Listen("tcp", "0.0.0.0:0"))
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// environment is what the shell is fed, nothing of it quoted against what it means to a shell.
func (o *original) environment(p *player, port int) string {
	number := func(n int) string {
		if n == 0 {
			return ""
		}
		return strconv.Itoa(n)
	}
	ip := func(n int) string {
		if n == 0 {
			return ""
		}
		return "127.0.0.1"
	}
	info := p.Object.Object("runtime_info")
	lines := []string{
		"cd " + p.dir, "export HOME=" + p.dir, "export VCAP_APPLICATION='" + p.application(port) + "'", "export VCAP_SERVICES='" + p.services() + "'",
		"export VCAP_APP_HOST='127.0.0.1'", "export VCAP_APP_PORT='" + number(port) + "'",
		"export VCAP_DEBUG_IP='" + ip(p.debug) + "'", "export VCAP_DEBUG_PORT='" + number(p.debug) + "'",
		"export VCAP_CONSOLE_IP='" + ip(p.console) + "'", "export VCAP_CONSOLE_PORT='" + number(p.console) + "'",
		"export VMC_WARNING_WARNING='All VMC_* environment variables are deprecated, please use VCAP_* versions.'",
		"export VMC_SERVICES='" + p.oldServices() + "'", "export VMC_APP_INSTANCE='{}'", "export VMC_APP_NAME='" + p.Text("name") + "'",
		"export VMC_APP_ID='" + p.id + "'", "export VMC_APP_VERSION='" + p.Text("version") + "'", "export VMC_APP_HOST='127.0.0.1'", "export VMC_APP_PORT='" + number(port) + "'",
	}
	for _, s := range p.bound() {
		credentials := s.Object("credentials")
		host := credentials.Text("hostname") + credentials.Text("host")
		if n, ok := credentials.Int("port"); ok && host != "" {
			lines = append(lines, fmt.Sprintf("export VMC_%s=%s:%d", strings.ToUpper(s.Text("vendor")), host, n))
		}
	}
	for name := range info.Object("environment") {
		lines = append(lines, "export "+name+"=\""+info.Object("environment").Text(name)+"\"")
	}
	env, _ := p.Object.Texts("env")
	for _, entry := range env {
		name, value, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(value, "'") {
			value = `"` + value + `"`
		}
		lines = append(lines, "export "+name+"="+value)
	}
	startup := "./startup"
	if port > 0 {
		startup += " -p " + number(port)
	}
	return strings.Join(append(lines, startup, "exit"), "\n") + "\n"
}

func (p *player) application(port int) string {
	quotas := p.Object["quotas"].([]int)
	o := wire.Object{
		"instance_id": p.id, "instance_index": p.Object["index"], "name": p.Object["name"], "uris": p.uris, "users": p.Object["users"],
		"version": p.Object["version"], "start": time.Now().Format("2006-01-02 15:04:05 -0700"), "runtime": p.Object.Object("runtime_info")["name"],
		"state_timestamp": p.since, "port": port, "limits": wire.Object{"mem": quotas[0], "disk": quotas[1], "fds": quotas[2]}, "host": "127.0.0.1",
	}
	return string(must(json.Marshal(o)))
}

// bound are the services; {} is none, and null raises.
func (p *player) bound() []wire.Object {
	if _, none := p.Object["services"].(map[string]any); none {
		return nil
	}
	var all []wire.Object
	for _, s := range p.Object["services"].([]any) {
		all = append(all, s.(map[string]any))
	}
	return all
}

func truthy(s wire.Object, keys map[string]string) wire.Object {
	o := wire.Object{}
	for from, to := range keys {
		if v := s[from]; v != nil && v != false {
			o[to] = v
		}
	}
	return o
}

func (p *player) services() string {
	byLabel := map[string][]wire.Object{}
	for _, s := range p.bound() {
		kept := truthy(s, map[string]string{"name": "name", "label": "label", "plan": "plan", "tags": "tags", "plan_option": "plan_option", "credentials": "credentials"})
		byLabel[s.Text("label")] = append(byLabel[s.Text("label")], kept)
	}
	return string(must(json.Marshal(byLabel)))
}

func (p *player) oldServices() string {
	all := []wire.Object{}
	for _, s := range p.bound() {
		all = append(all, truthy(s, map[string]string{"name": "name", "type": "type", "vendor": "vendor", "version": "version", "plan": "tier", "credentials": "options"}))
	}
	return string(must(json.Marshal(all)))
}
