package isolationtest

// stop2012 is what the staging plugins write: it kills the app and, to keep it from mourning, the startup script.
const stop2012 = `export TMPDIR="$PWD/tmp"
APP_PID=$1
APP_PPID=` + "`ps -o ppid= -p $APP_PID`" + `
kill -9 $APP_PID
kill -9 $APP_PPID
`

// serve is a startup script with the ending of 2012, around a command that is the app.
func serve(app string) string {
	return app + ` > stdout.log 2> stderr.log &
STARTED=$!
echo "$STARTED" >> run.pid
wait $STARTED
`
}

// lasting is an app that does nothing for long enough.
const lasting = "sleep 1000"
