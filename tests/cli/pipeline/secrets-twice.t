# A name that is a secret and a plain variable.
# schema: accepts: two values are compared
file slipway.yaml
| slipway: 1
| project: demo
| jobs: { build: { secrets: [ TOKEN ], env: { TOKEN: x }, steps: [ { run: make } ] } }
$ slipway check
! slipway.yaml:3:29: 'TOKEN' of job 'build' is in 'env' too: which one is meant?
!     jobs: { build: { secrets: [ TOKEN ], env: { TOKEN: x }, steps: [ { run: make } ] } }
!                                 ^
= 1
