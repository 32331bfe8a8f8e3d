# Labels choose from a pool, and a sandbox has none.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs: { build: { labels: { os: debian }, steps: [ { run: make } ] } }
$ slipway check
! slipway.yaml:3:26: the sandbox executor of job 'build' has no pool to choose from: labels need 'vm' or 'command'
!     jobs: { build: { labels: { os: debian }, steps: [ { run: make } ] } }
!                              ^
= 1
