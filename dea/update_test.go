package dea

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestUpdateRegistersTheNewBeforeItUnregistersTheOld(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := start(t, testConfig(t), nil)
		h.startApp(h.app("hello"))
		h.startApp(h.app("other"))
		h.news()
		h.send("dea.update", `{"droplet":"hello","uris":["new.vcap.me","newer.vcap.me","new.vcap.me"],"name":"ignored"}`)
		h.expect(`router.register?"uris":["new.vcap.me","newer.vcap.me"],"tags"`, `router.unregister?"uris":["hello.vcap.me"]`)
		h.send("dea.update", `{"droplet":"hello","uris":["newer.vcap.me"]}`)
		h.expect(`router.unregister?"uris":["new.vcap.me"]`)
		h.send("dea.update", `{"droplet":"hello","uris":["newer.vcap.me"]}`)
		h.expect() // nothing changes
		h.send("router.start", "")
		h.expect(`router.register?"uris":["newer.vcap.me"]`, `router.register?"uris":["other.vcap.me"]`)
		h.send("dea.update", `{"droplet":"hello","uris":[]}`)
		h.expect(`router.unregister?"uris":["newer.vcap.me"]`)
		h.send("dea.update", `{"droplet":"hello","uris":["back.vcap.me"]}`)
		h.expect(`router.register?"uris":["back.vcap.me"]`)
		h.send("dea.stop", `{"droplet":"hello"}`)
		h.expect(`router.unregister?"uris":["back.vcap.me"]`, "droplet.exited", "dea.advertise")
	})
}

func TestUpdateOfWhatDoesNotRunIsOnlyRemembered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := start(t, testConfig(t), nil)
		h.startApp(h.ending("hello", time.Minute))
		h.listens(false)
		starting := h.app("slow")
		h.startApp(starting)
		time.Sleep(2 * time.Minute) // hello has crashed, slow was given up
		h.news()
		h.startApp(starting)
		h.news()
		for _, app := range []string{"hello", "slow", "nobody"} {
			h.send("dea.update", `{"droplet":"`+app+`","uris":["`+app+`.example.com"]}`)
		}
		h.expect()
		h.listens(true)
		time.Sleep(time.Second)
		h.expect("dea.heartbeat", `router.register?"uris":["slow.example.com"]`)
	})
}

func TestInstanceWithoutPortGainsNoRoute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := start(t, testConfig(t), nil)
		r := h.app("worker")
		r.URIs = nil
		h.startApp(r)
		h.news()
		h.send("dea.update", `{"droplet":"worker","uris":["worker.vcap.me"]}`)
		h.send("router.start", "")
		h.expect()
	})
}

func TestUpdateWithoutURIsChangesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := start(t, testConfig(t), nil)
		h.startApp(h.app("hello"))
		h.news()
		for _, payload := range []string{`{"droplet":"hello"}`, `{"droplet":"hello","uris":null}`, `{"droplet":"hello","uris":"x"}`, `{"uris":[]}`, ""} {
			h.send("dea.update", payload)
		}
		h.expect()
		if uris := strings.Join(h.only().uris, ","); uris != "hello.vcap.me" {
			t.Errorf("the URIs are %s", uris)
		}
	})
}

func TestUpdateIsInTheSnapshot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := start(t, testConfig(t), nil)
		h.startApp(h.app("hello"))
		h.news()
		h.send("dea.update", `{"droplet":"hello","uris":["new.vcap.me"]}`)
		h.news()
		if r := readSnapshot(t, h.paths.snapshot)["hello"][h.only().id]; strings.Join(r.URIs, ",") != "new.vcap.me" {
			t.Errorf("the snapshot has %v", r.URIs)
		}
	})
}
