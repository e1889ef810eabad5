#!/usr/bin/env bash
# Every check of the web application but the screenshots: the client is fresh, lints, types, logic, the size of the first
# load, and the journeys in Chromium against the real API on a real MariaDB.
#
#   app/web/test.sh            everything (some minutes)
#   app/web/test.sh --fast     without a browser
#   app/web/test.sh --screenshots   every screen into app/web/screenshots/, and nothing else
#
# Programs: target/debug/api and target/debug/web, built when they are missing; GALENO_API_PROGRAM and GALENO_WEB_PROGRAM
# name others. The browser: /usr/bin/chromium; CHROMIUM names another one.
set -euo pipefail
cd "$(dirname "$0")"

step() { printf '\n== web: %s\n' "$*"; }

step 'packages'
if ! cmp -s package-lock.json node_modules/.installed; then
  PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --ignore-scripts --no-audit --no-fund
  cp package-lock.json node_modules/.installed
fi
npm run -s licences

programs() {
  step 'programs'
  if [ -z "${GALENO_API_PROGRAM:-}" ] || [ -z "${GALENO_WEB_PROGRAM:-}" ]; then
    (cd ../.. && cargo build --locked -q -p galeno-api --bin api -p galeno-web --bin web)
  fi
}

if [ "${1:-}" = --screenshots ]; then
  npm run -s build
  programs
  exec npm run screenshots
fi

step 'known weaknesses of what is shipped'
npm run -s weaknesses

step 'the generated client is fresh'
npm run -s api:check

step 'lints and types'
npm run -s lint

step 'logic'
npm run -s test

step 'build, and the size of the first load'
npm run -s build
npm run -s test:budget

[ "${1:-}" != --fast ] || exit 0

programs

step 'journeys, accessibility and speed in Chromium'
npx playwright test --project=journeys --project=quality
